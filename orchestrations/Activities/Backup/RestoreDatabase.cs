using System.Globalization;
using Bibind.Activities.Application;
using Bibind.Activities.Application.Odoo;
using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Backup.Files;
using Bibind.Activities.Backup.Needs;
using Bibind.Activities.Database;
using Bibind.Activities.Suspensions;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Backup;

/// <summary>
/// Restores a backup as the tenant's database and files. The backup is proved to its last byte before anything is made; it is
/// restored beside the tenant's database and files, and only a complete one takes the name, the database in one transaction
/// and the files after it, before anybody sees it.
/// </summary>
public sealed class RestoreDatabase(
    PostgresConnector postgres,
    SuspendedDatabases suspended,
    ApplicationProviders applications,
    BackupFiles files,
    FileStoreArchives archives,
    BackupRestore restore,
    FileStoreRestore fileStores,
    StagingNeutraliser staging,
    SupportCleaning support,
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
        var target = LabelledDatabase.Of(place);
        var restored = target with { Mark = $"{target.Owner} restored={RestoredBy(request)}", Maker = MakerOf(place), Restored = RestoredBy(request) };
        await using var session = await postgres.OpenMaintenanceAsync(place.ServerId, restored.Maker, cancellationToken);
        return await session.TranslateErrorsAsync(target.Name, async () =>
        {
            // An attempt that lost its lease may be at work yet: it must not name a database whose files we have cleared away.
            await LabelledDatabases.EndMakersAsync(session, restored, time, cancellationToken);
            var there = await LabelledDatabases.FindOursAsync(session, target, cancellationToken);
            if (there is { IsInvalid: true } && request.Replace)
            {
                // Nothing of it can be read any more, and nothing comes back.
                there = await LabelledDatabases.FindUsableAsync(session, target, cancellationToken);
            }

            var (manifest, notes) = there?.Known?.Restored == restored.Restored
                ? Known(await files.ReadManifestAsync(request.Backup, cancellationToken))
                : await RestoreAsync(session, request, restored, isThere: there is not null, cancellationToken);

            // A crash after the database took the name leaves the files to be exchanged.
            fileStores.Swap(request);
            return await DescribeAsync(session, request, restored, Join([fileStores.NoteOn(request, manifest), .. notes]), cancellationToken);
        });
    }

    /// <summary>By what a database is known that this job brought back from this backup.</summary>
    internal static string RestoredBy(RestoreRequest request) => $"{request.Place.JobId}/{request.Backup.BackupId}";

    private static string MakerOf(TenantDescriptor place) =>
        string.Create(CultureInfo.InvariantCulture, $"bibind restore {place.TenantId} {place.Code}");

    private static (BackupManifest, IReadOnlyList<string>) Known(BackupManifest manifest) => (manifest, manifest.Notes());

    private static string? Join(IEnumerable<string?> notes) => string.Join(' ', notes.OfType<string>()) is { Length: > 0 } joined ? joined : null;

    private async Task<(BackupManifest Manifest, IReadOnlyList<string> Notes)> RestoreAsync(
        MaintenanceSession session, RestoreRequest request, LabelledDatabase restored, bool isThere, CancellationToken cancellationToken)
    {
        if (isThere && !request.Replace)
        {
            throw new PermanentFailureException($"The tenant has a database '{restored.Name}' already: it is only replaced when that is ordered.");
        }

        var manifest = await files.ReadManifestAsync(request.Backup, cancellationToken);
        BackupRestore.RefuseOlderServer(manifest, session);
        await files.VerifyAsync(manifest, cancellationToken);
        await archives.VerifyAsync(manifest, cancellationToken);

        // What it replaces is renamed and dropped, which what holds it would not let us.
        if (isThere && await DatabaseCatalogue.LookAsync(session, restored.Name, cancellationToken) is { } replaced)
        {
            await DatabaseHolds.RefuseAsync(session, replaced, "replaced", cancellationToken);
        }

        var fresh = ScratchDatabase.ForRestore(request.Place);
        var scratch = fresh.Name;
        await fileStores.StageAsync(request, manifest, cancellationToken);
        IReadOnlyList<string> notes;
        try
        {
            notes = await restore.RunAsync(session, request.Place, fresh, manifest, cancellationToken);
        }
        catch
        {
            await fileStores.DropAsync(request, cancellationToken);
            throw;
        }

        // From here on the database may have taken the name whatever is reported, and then its files must follow it.
        try
        {
            var hasFiles = fileStores.Brings(request, manifest);
            await PrepareAsync(request, scratch, hasFiles, cancellationToken);
            if (request.Staging is { } masking)
            {
                // The other tenant's content never bears the copy's name with what could go out of it.
                await staging.RunAsync(request.Place with { HasFileStore = hasFiles }, scratch, masking, cancellationToken);
            }

            await AnalyzeAsync(request.Place, scratch, cancellationToken);
            var login = (await postgres.EnterAsync(DatabaseDescriptor.Of(request.Place), cancellationToken)).Login;
            await RestoreSwap.RunAsync(session, scratch, restored, request.Place, login.Role, isThere, cancellationToken);
        }
        catch
        {
            using var cleanup = LeaseFence.SuspendForCleanup();
            await LabelledDatabases.DropWorkAsync(session, restored.Holder, scratch, CancellationToken.None);
            throw;
        }

        logger.BackupRestored(request.Backup.BackupId, restored.Name, manifest.DumpBytes ?? manifest.Bytes);
        return (manifest, notes);
    }

    private async Task AnalyzeAsync(TenantDescriptor place, string scratch, CancellationToken cancellationToken)
    {
        await using var database = await postgres.OpenAsync(DatabaseDescriptor.Of(place, scratch), cancellationToken);
        await database.TranslateErrorsAsync(async () =>
        {
            await RestoredContent.AnalyzeAsync(database, cancellationToken);
            return true;
        });
    }

    private async Task PrepareAsync(RestoreRequest request, string scratch, bool hasFiles, CancellationToken cancellationToken)
    {
        await using var content = await postgres.OpenAsync(DatabaseDescriptor.Of(request.Place, scratch), cancellationToken);
        await content.TranslateErrorsAsync(async () =>
        {
            await applications.Of(request.Place.Application).PrepareRestoredAsync(content.Connection, hasFiles, request.KeepsQueue, cancellationToken);
            await support.RunAsync(content.Connection, request.Place, request.Backup.TenantId, cancellationToken);
            return Unit.Value;
        });
    }

    private async Task<RestoredDatabase> DescribeAsync(
        MaintenanceSession session, RestoreRequest request, LabelledDatabase restored, string? note, CancellationToken cancellationToken)
    {
        // A crash after the swap leaves what was replaced.
        await RestoreSwap.RecordAsync(session, restored, request.Place, cancellationToken);
        await LabelledDatabases.DropWorkAsync(session, restored.Holder, RestoreSwap.FormerName(request.Place), cancellationToken);
        _ = await LabelledDatabases.FindOursAsync(session, restored, cancellationToken)
            ?? throw new TransientFailureException($"The database '{request.Place.Database}' is not there after it was restored.");
        await using var entry = await suspended.EnterAsync(request.Place, cancellationToken);
        await using var database = await postgres.OpenAsync(request.Place, cancellationToken);
        var bytes = await DatabaseCatalogue.MeasureAsync(session, request.Place.Database, cancellationToken);
        return new RestoredDatabase(request.Place.Database, bytes, await ScratchDatabase.CountTablesAsync(database, cancellationToken), note);
    }
}
