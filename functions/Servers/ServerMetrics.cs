using System.Diagnostics.Metrics;
using Bibind.ControlPlane.Servers;
using Bibind.Functions.Problems;
using Bibind.Functions.Telemetry;

namespace Bibind.Functions.Servers;

/// <summary>Metrics of the fleet, through the meter named <see cref="Name"/>.</summary>
internal sealed class ServerMetrics
{
    /// <summary>The name of the meter.</summary>
    public const string Name = "Bibind.Servers";

    /// <summary>One series for each server.</summary>
    public const string Up = "bibind.servers.up";

    private readonly Histogram<double> _duration;
    private readonly Counter<long> _alerts;
    private readonly Instrument[] _gauges;
    private volatile IReadOnlyList<Server> _servers = [];

    public ServerMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(Name);
        _duration = meter.CreateHistogram<double>("bibind.servers.check.duration", "s", "Time a check of a server took, by the health that it found");
        _alerts = meter.CreateCounter<long>("bibind.servers.alerts", "{alert}", "Alerts about servers that were raised by this process, by kind");
        _gauges =
        [
            meter.CreateObservableGauge(
                // One that nobody expects to answer would wake people.
                Up, () => _servers.Where(s => s.State is ServerStates.Active or ServerStates.Offline).Select(s => new Measurement<int>(s.Online ? 1 : 0, Tag("server", s.Code))), null, "1 if a server in service answers, 0 if it does not"),
            meter.CreateObservableGauge(
                "bibind.servers.count", () => _servers.GroupBy(s => (s.State, s.Health)).Select(g => new Measurement<int>(g.Count(), Tag("state", g.Key.State), Tag("health", g.Key.Health))),
                "{server}", "Servers, by state and health"),
        ];
    }

    /// <summary>True while somebody reads what is kept here.</summary>
    public bool IsRead => Array.Exists(_gauges, g => g.Enabled);

    /// <summary>Keeps how the servers are, for gauges: they are read at a moment at which nothing may be awaited.</summary>
    public void Keep(IReadOnlyList<Server> servers) => _servers = servers;

    /// <summary>Counts a check.</summary>
    public void Checked(string health, TimeSpan took, RecordedCheck recorded)
    {
        _duration.Record(took.TotalSeconds, Tag("health", health));
        foreach (var kind in recorded.Raised)
        {
            _alerts.Add(1, Tag("kind", kind));
        }
    }

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}

/// <summary>Looks at the servers from time to time, while somebody reads their metrics.</summary>
internal sealed class ServerGauges(ServerStore servers, ServerMetrics metrics, IControlPlaneReadiness readiness, TimeProvider time, ILogger<ServerGauges> logger)
    : GaugeRefresh(TimeSpan.FromSeconds(30), readiness, time)
{
    protected override bool IsRead => metrics.IsRead;

    protected override void LogFailure(string reason) => Logs.ServersNotSeen(logger, reason);

    protected override async Task RefreshAsync(CancellationToken cancellationToken) => metrics.Keep(await servers.ListAsync(cancellationToken));
}
