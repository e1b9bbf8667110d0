using Bibind.Activities.Backup;
using Bibind.Activities.Database.Isolation;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Database.Lifecycle;

/// <summary>Drops a tenant's database, finished or half made; one that is not ours is never touched, and named where it stands in the place of ours.</summary>
public sealed class DropDatabase(PostgresConnector postgres, TenantRoleLifecycle roles, TimeProvider time, ILogger<DropDatabase> logger)
    : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        var target = LabelledDatabase.Of(place);
        await using var session = await postgres.OpenMaintenanceAsync(place.ServerId, $"bibind drop {place.Code}", context.CancellationToken);
        return await session.TranslateErrorsAsync(target.Name, async () =>
        {
            await roles.WithdrawAsync(session.Server, place, context.CancellationToken);
            await RestoreLeftovers.DropAsync(session, place, context.CancellationToken);
            if (await LabelledDatabases.DropAsync(session, target, time, context.CancellationToken) is { } foreign)
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
                await TenantRoles.DropAsync(session, role, context.CancellationToken);
            }

            return Unit.Value;
        });
    }
}
