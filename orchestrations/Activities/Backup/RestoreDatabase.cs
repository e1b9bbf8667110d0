using System.Globalization;
using Bibind.Activities.Application;
using Bibind.Activities.Backup.Files;
using Bibind.Activities.Backup.Needs;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Backup;

/// <summary>
/// Restores a backup as the tenant's database and files. The backup is proved to its last byte before anything is made; it is
/// restored beside the tenant's database and files, and only a complete one takes the name, the database in one transaction
/// and the files after it, before anybody sees it.
/// </summary>
public sealed class RestoreDatabase(
    PostgresConnector postgres,
    BackupFiles files,
    FileStoreArchives archives,
    BackupRestore restore,
    FileStoreRestore fileStores,
    TimeProvider time,
    ILogger<RestoreDatabase> logger)
    : TaskActivity<RestoreRequest, RestoredDatabase>
{
    /// <inheritdoc/>
    public override async Task<RestoredDatabase> RunAsync(TaskActivityContext context, RestoreRequest request)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(request);
        var cancellationToken = context.CancellationToken;
        var place = request.Place;
        var target = MarkedDatabase.Of(place);
        var restored = target with { Mark = MarkOf(target, request), Maker = MakerOf(place) };
        await using var session = await postgres.OpenMaintenanceAsync(place.ServerId, restored.Maker, cancellationToken);
        return await session.InWordsAsync(target.Name, async () =>
        {
            // An attempt that lost its lease may be at work yet: it must not name a database whose files we have cleared away.
            await MarkedDatabases.EndMakersAsync(session, restored, time, cancellationToken);
            var there = await MarkedDatabases.FindOursAsync(session, target, cancellationToken);
            var (manifest, notes) = there?.Comment == restored.Mark
                ? Known(await files.ReadManifestAsync(request.Backup, cancellationToken))
                : await RestoreAsync(session, request, restored, isThere: there is not null, cancellationToken);

            // A crash after the database took the name leaves the files to be exchanged.
            fileStores.Swap(place);
            return await DescribeAsync(session, request, Join([fileStores.NoteOn(manifest), .. notes]), cancellationToken);
        });
    }

    /// <summary>What marks a database that this job brought back from this backup.</summary>
    internal static string MarkOf(MarkedDatabase target, RestoreRequest request) =>
        $"{target.Owner} restored={request.Place.JobId}/{request.Backup.BackupId}";

    private static string MakerOf(TenantPlace place) =>
        string.Create(CultureInfo.InvariantCulture, $"bibind restore {place.TenantId} {place.Code}");

    private static (BackupManifest, IReadOnlyList<string>) Known(BackupManifest manifest) => (manifest, manifest.Notes());

    private static string? Join(IEnumerable<string?> notes) => string.Join(' ', notes.OfType<string>()) is { Length: > 0 } joined ? joined : null;

    private async Task<(BackupManifest Manifest, IReadOnlyList<string> Notes)> RestoreAsync(
        MaintenanceSession session, RestoreRequest request, MarkedDatabase restored, bool isThere, CancellationToken cancellationToken)
    {
        if (isThere && !request.Replace)
        {
            throw new PermanentFailureException($"The tenant has a database '{restored.Name}' already: it is only replaced when that is ordered.");
        }

        var manifest = await files.ReadManifestAsync(request.Backup, cancellationToken);
        BackupRestore.RefuseOlderServer(manifest, session);
        await files.VerifyAsync(manifest, cancellationToken);
        await archives.VerifyAsync(manifest, cancellationToken);

        var scratch = ScratchDatabase.NameForRestore(request.Place);
        await fileStores.StageAsync(request, manifest, cancellationToken);
        IReadOnlyList<string> notes;
        try
        {
            notes = await restore.RunAsync(session, scratch, manifest, cancellationToken);
        }
        catch
        {
            await fileStores.DropAsync(request.Place, cancellationToken);
            throw;
        }

        // From here on the database may have taken the name whatever is reported, and then its files must follow it.
        try
        {
            if (!fileStores.Brings(manifest))
            {
                await CompiledAssets.ForgetAsync(postgres, request.Place.ServerId, scratch, cancellationToken);
            }

            await AnalyzeAsync(session, scratch, cancellationToken);
            await RestoreSwap.RunAsync(session, scratch, restored, request.Place, isThere, cancellationToken);
        }
        catch
        {
            await ForcedDrop.RunAsync(session, scratch, CancellationToken.None);
            throw;
        }

        logger.BackupRestored(request.Backup.BackupId, restored.Name, manifest.DumpBytes ?? manifest.Bytes);
        return (manifest, notes);
    }

    private async Task AnalyzeAsync(MaintenanceSession session, string scratch, CancellationToken cancellationToken)
    {
        await using var database = await postgres.OpenAsync(session.Server.ServerId, scratch, cancellationToken);
        await database.InWordsAsync(async () =>
        {
            await RestoredContent.AnalyzeAsync(database, cancellationToken);
            return true;
        });
    }

    private async Task<RestoredDatabase> DescribeAsync(MaintenanceSession session, RestoreRequest request, string? note, CancellationToken cancellationToken)
    {
        // A crash after the swap leaves what was replaced.
        await ForcedDrop.RunAsync(session, RestoreSwap.FormerName(request.Place), cancellationToken);
        _ = await MarkedDatabases.FindOursAsync(session, MarkedDatabase.Of(request.Place), cancellationToken)
            ?? throw new TransientFailureException($"The database '{request.Place.Database}' is not there after it was restored.");
        await using var database = await postgres.OpenAsync(request.Place.ServerId, request.Place.Database, cancellationToken);
        var bytes = await MarkedDatabases.MeasureAsync(session, request.Place.Database, cancellationToken);
        return new RestoredDatabase(request.Place.Database, bytes, await ScratchDatabase.CountTablesAsync(database, cancellationToken), note);
    }
}
