using Bibind.Activities.Backup;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Database;

/// <summary>Drops a tenant's database, finished or half made; one that is not ours is never touched.</summary>
public sealed class DropDatabase(PostgresConnector postgres, TimeProvider time, ILogger<DropDatabase> logger)
    : TaskActivity<TenantPlace, Nothing>
{
    /// <inheritdoc/>
    public override async Task<Nothing> RunAsync(TaskActivityContext context, TenantPlace place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        var target = MarkedDatabase.Of(place);
        await using var session = await postgres.OpenMaintenanceAsync(place.ServerId, $"bibind drop {place.Code}", context.CancellationToken);
        return await session.InWordsAsync(target.Name, async () =>
        {
            await RestoreLeftovers.DropAsync(session, place, context.CancellationToken);
            if (!await MarkedDatabases.DropAsync(session, target, time, context.CancellationToken))
            {
                logger.ForeignDatabaseLeft(target.Name, place.ServerCode);
            }

            return Nothing.Value;
        });
    }
}
