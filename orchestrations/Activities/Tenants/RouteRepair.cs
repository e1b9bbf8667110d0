using Bibind.Activities.Routing;
using Bibind.Contracts;
using Bibind.ControlPlane.Domains;
using Bibind.ControlPlane.Suspensions;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Tenants;

/// <summary>Publishes the routes that the proxy should have and has not.</summary>
public sealed class RouteRepair(IRouteProvider routes, RoutedTenants tenants, TenantStore store, ITenantDomains domains, ISuspensions suspensions, ILogger<RouteRepair> logger)
{
    // Each holds a connection of the pool while it publishes.
    private const int AtOnce = 4;

    /// <summary>Looks at every tenant; answers how many routes were published.</summary>
    /// <param name="jobId">Who asks, for what is logged.</param>
    public async Task<int> RunAsync(string jobId, CancellationToken cancellationToken)
    {
        var repaired = 0;
        await Parallel.ForEachAsync(
            await tenants.ListAsync(cancellationToken),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (id, cancellation) => Interlocked.Add(ref repaired, await RepairAsync(id, jobId, cancellation)));
        return repaired;
    }

    /// <summary>True if the proxy has lost the route of the tenant that came last; asks for that one alone.</summary>
    public async Task<bool> HasLostNewestAsync(string jobId, CancellationToken cancellationToken)
    {
        if (await tenants.FindNewestAsync(cancellationToken) is not { } id || await store.GetAsync(id, cancellationToken) is not { } tenant)
        {
            return false;
        }

        var place = tenant.ToPlace(jobId);
        return !await routes.ExistsAsync(DomainDescriptors.At(place, place.Host, place.Host), cancellationToken);
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
                var page = isSuspended ? RoutePages.Of(await suspensions.FindAsync(id, cancellationToken)) ?? RoutePage.Unavailable : (RoutePage?)null;
                foreach (var at in await MissingAsync(place, cancellationToken))
                {
                    repaired += await TryPublishAsync(at, page, cancellationToken) ? 1 : 0;
                }
            },
            cancellationToken);
        return repaired;
    }

    private async Task<IReadOnlyList<TenantDescriptor>> MissingAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        var missing = new List<TenantDescriptor>();
        foreach (var at in (await domains.BesidesAsync(place, onlyActive: true, cancellationToken)).Append(DomainDescriptors.At(place, place.Host, place.Host)))
        {
            if (!await routes.ExistsAsync(at, cancellationToken))
            {
                missing.Add(at);
            }
        }

        return missing;
    }

    // One that cannot be published is not in the way of the others, and comes again in the next round.
    private async Task<bool> TryPublishAsync(TenantDescriptor place, RoutePage? page, CancellationToken cancellationToken)
    {
        try
        {
            await (page is { } shown ? routes.SuspendAsync(place, shown, cancellationToken) : routes.PublishAsync(place, cancellationToken));
            logger.RouteRepaired(place.Host);
            return true;
        }
        catch (ActivityFailureException failed)
        {
            logger.RouteNotRepaired(place.Host, failed.Message);
            return false;
        }
    }
}
