using Bibind.Activities.Routing;
using Bibind.ControlPlane.Tenants;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Tenants;

/// <summary>
/// Asks the proxy every few seconds for one route, and gives it all of them back when it has lost that one: a proxy that was
/// killed while it saved itself starts with nothing. Of several machines one asks; without tenants nobody does.
/// </summary>
internal sealed class RouteWatch(IServiceProvider services, IOptions<RoutingOptions> options, TimeProvider time, ILogger<RouteWatch> logger) : BackgroundService
{
    private const string Who = "route-watch";
    private static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestRest = TimeSpan.FromHours(1);

    // While it cannot be repaired, a look at every tenant is not repeated every few seconds.
    private TimeSpan _rest = TimeSpan.Zero;
    private DateTimeOffset _restsUntil;

    /// <summary>Looks once; answers how many routes were given back.</summary>
    internal async Task<int> LookAsync(CancellationToken cancellationToken)
    {
        if (time.GetUtcNow() < _restsUntil
            || !await services.GetRequiredService<RouteWatchTurns>().TryTakeAsync(options.Value.WatchInterval, cancellationToken))
        {
            return 0;
        }

        var repair = services.GetRequiredService<RouteRepair>();
        if (!await repair.HasLostNewestAsync(Who, cancellationToken))
        {
            _rest = TimeSpan.Zero;
            return 0;
        }

        logger.ProxyLostRoutes();
        var repaired = await repair.RunAsync(Who, cancellationToken);
        _rest = repaired > 0 ? TimeSpan.Zero : _rest == TimeSpan.Zero ? FirstRest : _rest * 2 < LongestRest ? _rest * 2 : LongestRest;
        _restsUntil = time.GetUtcNow() + _rest;
        return repaired;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.Provider == RoutingOptions.None || options.Value.WatchInterval <= TimeSpan.Zero)
        {
            return;
        }

        using var timer = new PeriodicTimer(options.Value.WatchInterval, time);
        while (await WaitAsync(timer, stoppingToken))
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (Exception failed) when (!stoppingToken.IsCancellationRequested)
            {
                // A proxy or a control database that is away is asked again; none of it may end the host.
                logger.RouteWatchFailed(failed.Message);
            }
            catch (OperationCanceledException)
            {
                // The host stops.
            }
        }
    }

    private static async Task<bool> WaitAsync(PeriodicTimer timer, CancellationToken stopping)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stopping);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
