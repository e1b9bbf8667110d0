using System.Diagnostics.Metrics;
using Bibind.ControlPlane.Alerts;
using Bibind.Functions.Problems;
using Bibind.Functions.Telemetry;

namespace Bibind.Functions.Alerts;

/// <summary>Metrics of open alerts, through the meter named <see cref="Name"/>. Every machine tells the same.</summary>
internal sealed class AlertMetrics
{
    /// <summary>The name of the meter.</summary>
    public const string Name = "Bibind.Alerts";

    private readonly Instrument _open;
    private volatile IReadOnlyList<AlertCount> _counts = [];

    public AlertMetrics(IMeterFactory meters) => _open = meters.Create(Name).CreateObservableGauge(
        "bibind.alerts.open",
        () => _counts.Select(c => new Measurement<long>(c.Alerts, new KeyValuePair<string, object?>("kind", c.Kind), new KeyValuePair<string, object?>("severity", c.Severity))),
        "{alert}", "Alerts that are open, by kind and severity");

    /// <summary>True while somebody reads what is kept here.</summary>
    public bool IsRead => _open.Enabled;

    /// <summary>Keeps how things stand, with a zero for each kind: a series that ends looks like one that is not scraped.</summary>
    public void Keep(IReadOnlyList<AlertCount> counts) =>
        _counts = [.. counts, .. AlertKinds.All.Except(counts.Select(c => c.Kind)).Select(kind => new AlertCount(kind, AlertSeverities.Warning, 0))];
}

/// <summary>Looks from time to time which alerts are open, while somebody reads their metrics.</summary>
internal sealed class AlertGauges(AlertStore alerts, AlertMetrics metrics, IControlPlaneReadiness readiness, TimeProvider time, ILogger<AlertGauges> logger)
    : GaugeRefresh(TimeSpan.FromSeconds(15), readiness, time)
{
    protected override bool IsRead => metrics.IsRead;

    protected override void LogFailure(string reason) => Logs.AlertsNotSeen(logger, reason);

    protected override async Task RefreshAsync(CancellationToken cancellationToken) => metrics.Keep(await alerts.CountAsync(cancellationToken));
}
