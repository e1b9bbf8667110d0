using Bibind.Activities.Backup;
using Bibind.Activities.Database.Isolation;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Database.Lifecycle;

/// <summary>Drops what a tenant has on one PostgreSQL: its database, finished or half made, and its role.</summary>
public sealed class DatabaseRemoval(PostgresConnector postgres, TenantRoleLifecycle roles, TimeProvider time, ILogger<DatabaseRemoval> logger)
{
    /// <summary>Drops it; succeeds when there is nothing.</summary>
    /// <exception cref="PermanentFailureException">A database that is not ours stands in the place of ours.</exception>
    public async Task RunAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        var target = LabelledDatabase.Of(place);
        await using var session = await postgres.OpenMaintenanceAsync(place.ServerId, $"bibind drop {place.Code}", cancellationToken);
        await session.TranslateErrorsAsync(target.Name, async () =>
        {
            await roles.WithdrawAsync(session.Server, place, cancellationToken);
            await RestoreLeftovers.DropAsync(session, place, cancellationToken);
            if (await LabelledDatabases.DropAsync(session, target, time, cancellationToken) is { } foreign)
            {
                logger.ForeignDatabaseLeft(target.Name, place.ServerCode);
                return foreign.IsInTheWay
                    ? throw new PermanentFailureException(
                        $"A database named '{target.Name}' is there on server '{place.ServerCode}' and is not ours: {foreign.Words} It was left as it is.")
                    : Unit.Value;
            }

            // After everything that belongs to it.
            if (place.DatabaseRole is { } role)
            {
                await TenantRoles.DropAsync(session, role, cancellationToken);
            }

            return Unit.Value;
        });
    }
}
