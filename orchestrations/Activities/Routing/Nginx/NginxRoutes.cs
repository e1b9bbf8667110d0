using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Routing.Nginx;

/// <summary>
/// The provider <c>nginx</c>: a file for each host, tested before nginx is told to read it, and taken back if nginx does
/// not like it.
/// </summary>
internal sealed class NginxRoutes(
    NginxFolder folder,
    NginxProgram program,
    TenantRoutes routes,
    RouteProbe probe,
    IOptions<NginxOptions> options,
    ILogger<NginxRoutes> logger) : IRouteProvider
{
    // nginx ends its former workers 100 ms after it has started new ones, and both answer until then.
    private static readonly TimeSpan Overlap = TimeSpan.FromMilliseconds(300);

    /// <inheritdoc/>
    public Task PublishAsync(TenantDescriptor place, CancellationToken cancellationToken) => PutAsync(place, page: null, cancellationToken);

    /// <inheritdoc/>
    public Task SuspendAsync(TenantDescriptor place, RoutePage page, CancellationToken cancellationToken) => PutAsync(place, page, cancellationToken);

    /// <inheritdoc/>
    public async Task WithdrawAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        var host = TenantRoute.HostOf(place);
        using (await folder.LockAsync(cancellationToken))
        {
            var site = await folder.ReadSiteAsync(host, cancellationToken);
            if (site is not null && NginxSite.OwnerOf(site) != TenantRoute.OwnerOf(place))
            {
                logger.ForeignRouteLeft(host);
                return;
            }

            folder.WriteSite(host, null);
            folder.DeleteUnusedCertificates(host, null);

            // Nothing to read again for an nginx that does not run, nor for one that has forgotten the host already.
            if (await probe.IsServedAsync(host, cancellationToken))
            {
                await ThrowIfBrokenAsync(cancellationToken);
                await program.ReloadAsync(cancellationToken);
            }
        }

        await probe.IsGoneAsync(host, Overlap, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<bool> ExistsAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        var host = TenantRoute.HostOf(place);
        return await folder.ReadSiteAsync(host, cancellationToken) is { } site
            ? NginxSite.OwnerOf(site) == TenantRoute.OwnerOf(place)
            : await probe.IsServedAsync(host, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<RouteInfo> LookAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        var host = TenantRoute.HostOf(place);
        var site = await folder.ReadSiteAsync(host, cancellationToken);
        if (site is null || NginxSite.OwnerOf(site) != TenantRoute.OwnerOf(place))
        {
            return site is null ? RouteInfo.Absent : RouteInfo.Foreign;
        }

        // A file that nginx was not told to read says nothing of what visitors see.
        return await probe.FindRevisionAsync(host, cancellationToken) is not { } answered || !site.Contains(answered, StringComparison.Ordinal) ? RouteInfo.Absent
            : NginxSite.LeadsOn(site) ? RouteInfo.Open
            : RouteInfo.Page;
    }

    private async Task PutAsync(TenantDescriptor place, RoutePage? page, CancellationToken cancellationToken)
    {
        var route = await routes.MakeAsync(place, page, cancellationToken);
        using (await folder.LockAsync(cancellationToken))
        {
            var before = await folder.ReadSiteAsync(route.Host, cancellationToken);
            if (before is not null && NginxSite.OwnerOf(before) != route.Owner)
            {
                throw new PermanentFailureException($"The proxy has a route for '{route.Host}' already that is not this tenant's; it was left as it is.");
            }

            await LeaseFence.EnsureHeldAsync();
            await folder.WriteDefaultsAsync(cancellationToken);
            var certificate = route.Certificate is null ? null : folder.WriteCertificate(route.Host, route.Certificate);
            var site = NginxSite.Write(route, certificate, options.Value);
            folder.WriteSite(route.Host, site);
            if (await TestAsync(route.Host, before, cancellationToken) is { } refused)
            {
                throw refused;
            }

            await program.ReloadAsync(cancellationToken);
            folder.DeleteUnusedCertificates(route.Host, site);
        }

        await probe.IsServedAsync(route, Overlap, cancellationToken);
        logger.RoutePublished(route.Host, route.Dial, route.Certificate is not null, page is not null);
    }

    /// <summary>Tests the new site; one that is not taken is replaced by what was there before.</summary>
    private async Task<Exception?> TestAsync(string host, string? before, CancellationToken cancellationToken)
    {
        string? failure;
        try
        {
            failure = await program.TestAsync(cancellationToken);
        }
        catch
        {
            Restore();
            throw;
        }

        if (failure is null)
        {
            return null;
        }

        Restore();
        await ThrowIfBrokenAsync(cancellationToken);

        // Names are looked up when nginx reads them: that may go better next time.
        return failure.Contains("host not found in upstream", StringComparison.Ordinal)
            ? new TransientFailureException($"nginx cannot resolve the server of '{host}' and goes on as before: {failure}")
            : new PermanentFailureException($"nginx refused the route of '{host}' and goes on as before: {failure}");

        void Restore()
        {
            folder.WriteSite(host, before);
            folder.DeleteUnusedCertificates(host, before);
        }
    }

    private async Task ThrowIfBrokenAsync(CancellationToken cancellationToken)
    {
        if (await program.TestAsync(cancellationToken) is { } broken)
        {
            throw new TransientFailureException($"nginx's configuration is broken, and not by this tenant's route: {broken}");
        }
    }
}
