using System.Diagnostics.Metrics;
using Bibind.ControlPlane.Pools;
using Bibind.Functions.Problems;
using Bibind.Functions.Telemetry;

namespace Bibind.Functions.Servers;

/// <summary>Metrics of the pools of ready clones, through the meter named <see cref="Name"/>. Every machine tells the same: they are the control database's.</summary>
internal sealed class WarmPoolMetrics
{
    /// <summary>The name of the meter.</summary>
    public const string Name = "Bibind.WarmPools";

    /// <summary>A series for each state of each pool.</summary>
    public const string Clones = "bibind.warm_pools.clones";

    private readonly Instrument[] _instruments;
    private volatile IReadOnlyList<WarmPoolView> _pools = [];

    public WarmPoolMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(Name);
        _instruments =
        [
            meter.CreateObservableGauge(
                Clones, () => _pools.SelectMany(p => new[] { Of(p, p.Ready, "state", "ready"), Of(p, p.Filling, "state", "filling"), Of(p, p.Draining, "state", "draining"), Of(p, p.Wanted, "state", "wanted") }),
                "{clone}", "Ready clones of templates, by state; wanted is how many there should be"),
            meter.CreateObservableCounter(
                "bibind.warm_pools.orders", () => _pools.SelectMany(p => new[] { Of(p, p.Hits, "found", "hit"), Of(p, p.Misses, "found", "miss") }),
                "{order}", "Orders for templates that have a pool, by whether a clone was ready"),
        ];
    }

    /// <summary>True while somebody reads what is kept here.</summary>
    public bool IsRead => Array.Exists(_instruments, i => i.Enabled);

    /// <summary>Keeps how the pools stand: they are read at a moment at which nothing may be awaited.</summary>
    public void Keep(IReadOnlyList<WarmPoolView> pools) => _pools = pools;

    private static Measurement<long> Of(WarmPoolView pool, long value, string name, string word) => new(
        value,
        new KeyValuePair<string, object?>("server", pool.ServerCode), new KeyValuePair<string, object?>("template", pool.TemplateCode), new KeyValuePair<string, object?>(name, word));
}

/// <summary>Looks at the pools from time to time, while somebody reads their metrics.</summary>
internal sealed class WarmPoolGauges(WarmPoolViews pools, WarmPoolMetrics metrics, IControlPlaneReadiness readiness, TimeProvider time, ILogger<WarmPoolGauges> logger)
    : GaugeRefresh(TimeSpan.FromSeconds(30), readiness, time)
{
    protected override bool IsRead => metrics.IsRead;

    protected override void LogFailure(string reason) => Logs.PoolsNotSeen(logger, reason);

    protected override async Task RefreshAsync(CancellationToken cancellationToken) => metrics.Keep(await pools.ListAsync(null, wantedOnly: true, cancellationToken));
}
