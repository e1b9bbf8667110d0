using System.Diagnostics.Metrics;
using Bibind.ControlPlane.Rollouts;
using Bibind.Functions.Problems;
using Bibind.Functions.Telemetry;

namespace Bibind.Functions.Usage;

/// <summary>Metrics of rollouts that are not over, through the meter named <see cref="Name"/>. Every machine tells the same: they are the control database's.</summary>
internal sealed class RolloutMetrics
{
    /// <summary>The name of the meter.</summary>
    public const string Name = "Bibind.Rollouts";

    /// <summary>A series for each offer that is being rolled out to, and each state of a tenant.</summary>
    public const string Tenants = "bibind.rollouts.tenants";

    private readonly Instrument[] _instruments;
    private volatile IReadOnlyList<RolloutCount> _counts = [];

    public RolloutMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(Name);
        _instruments =
        [
            meter.CreateObservableGauge(
                Tenants, () => _counts.Select(c => new Measurement<long>(c.Tenants, Tag("offer", c.Offer), Tag("state", c.State))),
                "{tenant}", "Tenants of rollouts that are not over, by offer and state"),
            meter.CreateObservableGauge(
                "bibind.rollouts.open", () => _counts.Select(c => (c.Offer, c.RolloutState)).Distinct().Select(r => new Measurement<long>(1, Tag("offer", r.Offer), Tag("state", r.RolloutState))),
                "{rollout}", "Rollouts that are not over, by offer and state; halted ones wait for somebody"),
        ];
    }

    /// <summary>True while somebody reads what is kept here.</summary>
    public bool IsRead => Array.Exists(_instruments, i => i.Enabled);

    /// <summary>Keeps how the rollouts stand: they are read at a moment at which nothing may be awaited.</summary>
    public void Keep(IReadOnlyList<RolloutCount> counts) => _counts = counts;

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}

/// <summary>Looks at the rollouts from time to time, while somebody reads their metrics.</summary>
internal sealed class RolloutGauges(RolloutStore rollouts, RolloutMetrics metrics, IControlPlaneReadiness readiness, TimeProvider time, ILogger<RolloutGauges> logger)
    : GaugeRefresh(TimeSpan.FromSeconds(30), readiness, time)
{
    protected override bool IsRead => metrics.IsRead;

    protected override void LogFailure(string reason) => Logs.RolloutsNotSeen(logger, reason);

    protected override async Task RefreshAsync(CancellationToken cancellationToken) => metrics.Keep(await rollouts.CountAsync(cancellationToken));
}
