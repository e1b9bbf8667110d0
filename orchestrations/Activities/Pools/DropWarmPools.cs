using Bibind.Activities.Database;
using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Bibind.ControlPlane.Databases;
using Bibind.ControlPlane.Pools;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Pools;

/// <summary>Drops clones that no order will take, with their files, one after the other. A database that bears a tenant's name by now stays.</summary>
public sealed class DropWarmPools(
    PostgresConnector postgres, IFileStore files, IWarmPools pools, TimeProvider time, ILogger<DropWarmPools> logger) : TaskActivity<IReadOnlyList<PoolEntry>, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, IReadOnlyList<PoolEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(entries);
        foreach (var entry in entries)
        {
            try
            {
                await DropAsync(context, entry);
            }
            catch (Exception failed) when (failed is PermanentFailureException or TransientFailureException)
            {
                logger.PoolNotDropped(entry.Database, entry.ServerCode, failed.Message);
                await pools.PutOffAsync(entry.EntryId, failed.Message, context.CancellationToken);
            }
        }

        return Unit.Value;
    }

    private async Task DropAsync(TaskActivityContext context, PoolEntry entry)
    {
        var cancellationToken = context.CancellationToken;
        await using var session = await postgres.OpenMaintenanceAsync(entry.ServerId, "bibind pools", cancellationToken);
        await session.TranslateErrorsAsync(entry.Database, async () =>
        {
            await LabelledDatabases.EndMakersAsync(session, PoolLabel.MakerOf(entry), entry.Database, time, cancellationToken);
            foreach (var found in await FindAsync(session, entry, cancellationToken))
            {
                await ForcedDrop.RunAsync(session, found.Name, cancellationToken);
                await session.Register.ForgetAsync(entry.ServerId, found.Oid, cancellationToken);
                logger.PoolDatabaseDropped(found.Name, entry.ServerCode);
            }

            return Unit.Value;
        });

        if (entry.Oid is { } gone && await session.Register.FindAsync(entry.ServerId, (uint)gone, cancellationToken) is { Purpose: DatabasePurposes.Pool })
        {
            await session.Register.ForgetAsync(entry.ServerId, (uint)gone, cancellationToken);
        }

        if (files.IsOn)
        {
            await context.EnsureLeaseHeldAsync();
            files.RemovePool(entry);
        }

        await pools.ForgetAsync(entry.EntryId, cancellationToken);
    }

    // By its number whatever its name, and by its name where the number was not noted yet. What is a tenant's or a stranger's is neither.
    private static async Task<IReadOnlyList<DatabaseInfo>> FindAsync(MaintenanceSession session, PoolEntry entry, CancellationToken cancellationToken)
    {
        var found = new List<DatabaseInfo>();
        if (await DatabaseCatalogue.LookAsync(session, entry.Database, cancellationToken) is { } named)
        {
            found.Add(named);
        }

        if (entry.Oid is { } oid)
        {
            found.AddRange((await DatabaseCatalogue.ListAsync(session, [(uint)oid], cancellationToken)).Where(d => found.TrueForAll(f => f.Oid != d.Oid)));
        }

        var ours = new List<DatabaseInfo>();
        foreach (var one in found)
        {
            var known = await session.Register.FindAsync(session.Server.ServerId, one.Oid, cancellationToken);
            if (known is { Purpose: DatabasePurposes.Pool } || (known is null && one.IsOwnedByUs && IsLabelled(one, entry)))
            {
                ours.Add(one);
            }
            else if (known is null)
            {
                session.Logger.ForeignDatabaseLeft(one.Name, session.Server.Code);
            }
        }

        return ours;
    }

    // One that was killed before it was labelled has no comment yet; our login owns it, and nobody else uses its name.
    private static bool IsLabelled(DatabaseInfo sight, PoolEntry entry) =>
        sight.Name == entry.Database && (sight.Comment is null || sight.Comment.StartsWith(PooledDatabases.LabelStart, StringComparison.Ordinal));
}
