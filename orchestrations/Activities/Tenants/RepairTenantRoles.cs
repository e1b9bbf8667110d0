using Bibind.Activities.Database;
using Bibind.Activities.Database.Isolation;
using Bibind.Contracts;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Tenants;

/// <summary>
/// Lets every tenant that has a role of its own and is not suspended in again: a tenant can change the password of its role, and a pooler can lose its file.
/// </summary>
public sealed class RepairTenantRoles(
    PostgresConnector postgres, TenantRoleLifecycle roles, RoutedTenants tenants, TenantStore store, IOptions<TenantIsolationOptions> options,
    ILogger<RepairTenantRoles> logger)
{
    private const int AtOnce = 4;

    /// <summary>Looks at all of them; one that cannot be repaired is not in the way of the others.</summary>
    public async Task RunAsync(string jobId, CancellationToken cancellationToken)
    {
        if (options.Value.PgBouncer.Count == 0)
        {
            return;
        }

        await Parallel.ForEachAsync(
            await tenants.ListAsync(cancellationToken),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (id, cancellation) =>
            {
                if (await store.GetAsync(id, cancellation) is { DatabaseRole: not null, SuspensionCause: null } tenant)
                {
                    await RepairAsync(tenant.ToPlace(jobId), cancellation);
                }
            });
    }

    private async Task RepairAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        try
        {
            await using var session = await postgres.OpenMaintenanceAsync(place.ServerId, $"bibind roles {place.Code}", cancellationToken);
            if (!await MayEnterAsync(place, cancellationToken))
            {
                await session.TranslateErrorsAsync(place.Database, async () =>
                {
                    await roles.PutAsync(session, place, cancellationToken);
                    return Unit.Value;
                });
                logger.TenantRoleRepaired(place.Database, place.DatabaseRole!);
            }

            await roles.PublishAsync(session.Server, place, cancellationToken);
        }
        catch (ActivityFailureException failed)
        {
            logger.TenantRoleNotRepaired(place.Database, failed.Message);
        }
    }

    private async Task<bool> MayEnterAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        try
        {
            await using var session = await postgres.OpenAsync(place, cancellationToken);
            return true;
        }
        catch (PermanentFailureException)
        {
            return false;
        }
    }
}
