using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Routing.Caddy;

/// <summary>The provider <c>caddy</c>: certificate and route in one change through the admin API, tried out through the proxy.</summary>
internal sealed class CaddyRoutes(
    CaddyAdmin admin,
    CaddyChanges changes,
    TenantRoutes routes,
    RouteProbe probe,
    IOptions<CaddyOptions> options,
    ILogger<CaddyRoutes> logger) : IRouteProvider
{
    /// <inheritdoc/>
    public Task PublishAsync(TenantDescriptor place, CancellationToken cancellationToken) => PutAsync(place, page: null, cancellationToken);

    /// <inheritdoc/>
    public Task SuspendAsync(TenantDescriptor place, RoutePage page, CancellationToken cancellationToken) => PutAsync(place, page, cancellationToken);

    /// <inheritdoc/>
    public async Task WithdrawAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        var (host, owner) = (TenantRoute.HostOf(place), TenantRoute.OwnerOf(place));
        var isOurs = true;
        await changes.ApplyAsync(apps => isOurs = CaddyConfiguration.Remove(apps, options.Value.Server, host, owner), cancellationToken);
        if (!isOurs)
        {
            logger.ForeignRouteLeft(host);
        }
        else if (await ExistsAsync(place, cancellationToken))
        {
            throw new TransientFailureException($"The route of '{host}' is still there after it was withdrawn.");
        }
    }

    /// <inheritdoc/>
    public async Task<bool> ExistsAsync(TenantDescriptor place, CancellationToken cancellationToken) =>
        CaddyConfiguration.OwnerOf(await admin.FindAsync(CaddyConfiguration.RouteId(TenantRoute.HostOf(place)), cancellationToken)) == TenantRoute.OwnerOf(place);

    /// <inheritdoc/>
    public async Task<RouteInfo> LookAsync(TenantDescriptor place, CancellationToken cancellationToken) =>
        await admin.FindAsync(CaddyConfiguration.RouteId(TenantRoute.HostOf(place)), cancellationToken) is not { } route ? RouteInfo.Absent
        : CaddyConfiguration.OwnerOf(route) != TenantRoute.OwnerOf(place) ? RouteInfo.Foreign
        : CaddyRoute.LeadsOn(route) ? RouteInfo.Open
        : RouteInfo.Page;

    private async Task PutAsync(TenantDescriptor place, RoutePage? page, CancellationToken cancellationToken)
    {
        var route = await routes.MakeAsync(place, page, cancellationToken);
        await LeaseFence.EnsureHeldAsync();
        await changes.ApplyAsync(apps => CaddyConfiguration.Put(apps, options.Value.Server, route), cancellationToken);
        await probe.IsServedAsync(route, settle: TimeSpan.Zero, cancellationToken);
        logger.RoutePublished(route.Host, route.Dial, route.Certificate is not null, page is not null);
    }
}
