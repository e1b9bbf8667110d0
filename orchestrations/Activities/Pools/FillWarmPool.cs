using Bibind.Activities.Database;
using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Bibind.ControlPlane.Databases;
using Bibind.ControlPlane.Pools;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Pools;

/// <summary>Makes one ready clone: database, label, files. It goes on where an attempt that died had stopped.</summary>
public sealed class FillWarmPool(
    PostgresConnector postgres, IFileStore files, IWarmPools pools, ICloneTimes times, TimeProvider time, ILogger<FillWarmPool> logger) : TaskActivity<PoolEntry, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, PoolEntry entry)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(entry);
        var cancellationToken = context.CancellationToken;
        if (!await pools.IsFillingAsync(entry.EntryId, cancellationToken))
        {
            return Unit.Value;
        }

        try
        {
            await FillAsync(context, entry);
        }
        catch (Exception failed) when (failed is PermanentFailureException or TransientFailureException)
        {
            // Nobody waits for it: it comes again, each time later, and the reason is shown with the pool.
            logger.PoolNotFilled(entry.Database, entry.Source, entry.ServerCode, failed.Message);
            await pools.PutOffAsync(entry.EntryId, failed.Message, cancellationToken);
        }

        return Unit.Value;
    }

    private async Task FillAsync(TaskActivityContext context, PoolEntry entry)
    {
        var cancellationToken = context.CancellationToken;
        await using var session = await postgres.OpenMaintenanceAsync(entry.ServerId, PoolLabel.MakerOf(entry), cancellationToken);
        var (oid, bytes) = await session.TranslateErrorsAsync(entry.Database, () => MakeAsync(session, entry, cancellationToken));
        logger.PoolDatabaseMade(entry.Database, entry.Source, entry.ServerCode);

        var hasFiles = files.IsOn && await files.FillPoolAsync(entry, cancellationToken);
        logger.PoolFilesMade(entry.Database, hasFiles);
        await context.EnsureLeaseHeldAsync();
        await pools.MarkReadyAsync(entry.EntryId, oid, bytes, hasFiles, cancellationToken);
        logger.PoolEntryReady(entry.Database, entry.Source, entry.ServerCode);
    }

    private async Task<(long Oid, long Bytes)> MakeAsync(MaintenanceSession session, PoolEntry entry, CancellationToken cancellationToken)
    {
        await LabelledDatabases.EndMakersAsync(session, PoolLabel.MakerOf(entry), entry.Database, time, cancellationToken);
        var found = await DatabaseCatalogue.LookAsync(session, entry.Database, cancellationToken);
        if (found is { IsOwnedByUs: false })
        {
            throw LabelledDatabases.Foreign(session, entry.Database);
        }

        if (found is { IsInvalid: true } or { AllowsConnections: true })
        {
            // Half dropped, or somebody opened it: nobody knows what is in it.
            await ForcedDrop.RunAsync(session, entry.Database, cancellationToken);
            found = null;
        }

        if (found is null)
        {
            var request = new CloneRequest(entry.Source, entry.Database, entry.ContentHash, IsInBackground: true);
            await TemplateClone.CopyAsync(session, times, request, cancellationToken);
            logger.PoolDatabaseCloned(entry.Database, entry.Source, entry.ServerCode);
            found = await DatabaseCatalogue.LookAsync(session, entry.Database, cancellationToken)
                ?? throw new TransientFailureException($"The database '{entry.Database}' is not there any more: another attempt of the step has taken over.");
        }

        var database = SqlText.Identifier(entry.Database);
        await session.ExecuteAsync(
            $"comment on database {database} is {SqlText.Literal(PoolLabel.Of(entry))}; revoke all on database {database} from public", cancellationToken);
        await session.Register.RecordAsync(
            new KnownDatabase
            {
                ServerId = entry.ServerId,
                Oid = found.Oid,
                Name = entry.Database,
                Holder = DatabaseHolder.Template(entry.TemplateId ?? throw new PermanentFailureException("The template is gone.")),
                Purpose = DatabasePurposes.Pool,
                ContentHash = entry.ContentHash,
            },
            cancellationToken);
        return (found.Oid, await DatabaseCatalogue.MeasureAsync(session, entry.Database, cancellationToken));
    }
}
