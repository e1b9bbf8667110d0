using Bibind.Activities.RateLimits;
using Bibind.Activities.Routing;
using Bibind.Contracts;
using Bibind.ControlPlane.Domains;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Tenants;

/// <summary>Asks the proxy for the route of every tenant that should have one, and publishes those that it has lost, as after a restart without its memory.</summary>
public sealed class RepairRoutes(
    IRouteProvider routes, RoutedTenants tenants, TenantStore store, ITenantDomains domains, IOptions<RoutingOptions> options, ILogger<RepairRoutes> logger)
    : TaskActivity<Nothing, int>
{
    // Each holds a connection of the pool while it publishes.
    private const int AtOnce = 4;

    /// <inheritdoc/>
    public override async Task<int> RunAsync(TaskActivityContext context, Nothing input)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (options.Value.Provider == RoutingOptions.None)
        {
            return 0;
        }

        var repaired = 0;
        await Parallel.ForEachAsync(
            await tenants.ListAsync(context.CancellationToken),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = context.CancellationToken },
            async (id, cancellation) => Interlocked.Add(ref repaired, await RepairAsync(id, context.InstanceId, cancellation)));
        return repaired;
    }

    private async Task<int> RepairAsync(long id, string jobId, CancellationToken cancellationToken)
    {
        // Looked at without the lock first: nearly always nothing is missing.
        if (await store.GetAsync(id, cancellationToken) is not { } tenant || (await MissingAsync(tenant.ToPlace(jobId), cancellationToken)).Count == 0)
        {
            return 0;
        }

        var repaired = 0;
        await tenants.HoldAsync(
            id, jobId,
            async (place, isSuspended) =>
            {
                foreach (var at in await MissingAsync(place, cancellationToken))
                {
                    repaired += await TryPublishAsync(at, isSuspended, cancellationToken) ? 1 : 0;
                }
            },
            cancellationToken);
        return repaired;
    }

    private async Task<IReadOnlyList<TenantPlace>> MissingAsync(TenantPlace place, CancellationToken cancellationToken)
    {
        var missing = new List<TenantPlace>();
        foreach (var at in (await domains.BesidesAsync(place, onlyActive: true, cancellationToken)).Append(DomainPlaces.At(place, place.Host, place.Host)))
        {
            if (!await routes.ExistsAsync(at, cancellationToken))
            {
                missing.Add(at);
            }
        }

        return missing;
    }

    // One that cannot be published is not in the way of the others, and comes again in the next round.
    private async Task<bool> TryPublishAsync(TenantPlace place, bool isSuspended, CancellationToken cancellationToken)
    {
        try
        {
            await (isSuspended ? routes.SuspendAsync(place, cancellationToken) : routes.PublishAsync(place, cancellationToken));
            logger.RouteRepaired(place.Host);
            return true;
        }
        catch (Exception failed) when (failed is TransientFailureException or PermanentFailureException or RateLimitedException)
        {
            logger.RouteNotRepaired(place.Host, failed.Message);
            return false;
        }
    }
}
