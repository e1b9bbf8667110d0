using System.Diagnostics.Metrics;
using Bibind.ControlPlane.Reconciliation;
using Bibind.Functions.Problems;
using Bibind.Functions.Telemetry;

namespace Bibind.Functions.Reconciliation;

/// <summary>Metrics of what tenants differ in, through the meter named <see cref="Name"/>. Every machine tells the same: they are the control database's.</summary>
internal sealed class ReconciliationMetrics
{
    /// <summary>The name of the meter.</summary>
    public const string Name = "Bibind.Reconciliation";

    private readonly Instrument[] _instruments;
    private volatile IReadOnlyList<FindingCount> _counts = [];
    private volatile ReconciliationStanding? _standing;

    public ReconciliationMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(Name);
        _instruments =
        [
            meter.CreateObservableGauge(
                "bibind.reconciliation.findings", () => _counts.Select(c => new Measurement<long>(c.Open, new KeyValuePair<string, object?>("kind", c.Kind))),
                "{finding}", "Open findings, by kind"),
            Gauge("bibind.reconciliation.tenants", "{tenant}", "Tenants that are looked at", s => s.Tenants),
            Gauge("bibind.reconciliation.unknown", "{tenant}", "Tenants of which something could not be asked last", s => s.Unknown),
            Gauge("bibind.reconciliation.repairs", "{repair}", "Repairs within the last hour", s => s.Repairs),
        ];

        ObservableGauge<long> Gauge(string name, string unit, string description, Func<ReconciliationStanding, long> value) =>
            meter.CreateObservableGauge(name, () => _standing is { } standing ? [new Measurement<long>(value(standing))] : Array.Empty<Measurement<long>>(), unit, description);
    }

    /// <summary>True while somebody reads what is kept here.</summary>
    public bool IsRead => Array.Exists(_instruments, i => i.Enabled);

    /// <summary>Keeps how it stands: gauges are read at a moment at which nothing may be awaited.</summary>
    public void Keep(IReadOnlyList<FindingCount> counts, ReconciliationStanding standing) => (_counts, _standing) = (counts, standing);
}

/// <summary>Counts findings from time to time, while somebody reads their metrics.</summary>
internal sealed class ReconciliationGauges(
    ReconciliationViews views, ReconciliationMetrics metrics, IControlPlaneReadiness readiness, TimeProvider time, ILogger<ReconciliationGauges> logger)
    : GaugeRefresh(TimeSpan.FromSeconds(30), readiness, time)
{
    protected override bool IsRead => metrics.IsRead;

    protected override void LogFailure(string reason) => Logs.ReconciliationNotSeen(logger, reason);

    protected override async Task RefreshAsync(CancellationToken cancellationToken) =>
        metrics.Keep(await views.CountAsync(cancellationToken), await views.StandAsync(cancellationToken));
}
