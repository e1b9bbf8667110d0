using System.Diagnostics.Metrics;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.UsageLimits;
using Bibind.Functions.Problems;
using Bibind.Functions.Telemetry;

namespace Bibind.Functions.Usage;

/// <summary>Metrics of limits that are reached and backups that are missing, through the meter named <see cref="Name"/>. Every machine tells the same.</summary>
internal sealed class TenantCheckMetrics
{
    /// <summary>The name of the meter.</summary>
    public const string Name = "Bibind.TenantChecks";

    private readonly Instrument[] _instruments;
    private volatile IReadOnlyList<LimitCount> _limits = [];
    private volatile IReadOnlyList<MissingBackupCount> _missing = [];

    public TenantCheckMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(Name);
        _instruments =
        [
            meter.CreateObservableGauge(
                "bibind.limits.reached", () => _limits.Select(l => new Measurement<long>(l.Tenants, Tag("resource", l.Resource), Tag("percent", l.Reached))),
                "{tenant}", "Tenants that have reached a threshold of a limit, by resource and per cent"),
            meter.CreateObservableGauge(
                "bibind.limits.exceeded", () => _limits.GroupBy(l => l.Resource).Select(g => new Measurement<long>(g.Sum(l => l.Over), Tag("resource", g.Key))),
                "{tenant}", "Tenants that use more than they may, by resource"),
            meter.CreateObservableGauge(
                "bibind.backups.missing", () => _missing.Select(m => new Measurement<long>(m.Tenants, Tag("server", m.Server))),
                "{tenant}", "Tenants without a recent backup, by server"),
        ];
    }

    /// <summary>True while somebody reads what is kept here.</summary>
    public bool IsRead => Array.Exists(_instruments, i => i.Enabled);

    /// <summary>Keeps how things stand: they are read at a moment at which nothing may be awaited.</summary>
    public void Keep(IReadOnlyList<LimitCount> limits, IReadOnlyList<MissingBackupCount> missing) => (_limits, _missing) = (limits, missing);

    private static KeyValuePair<string, object?> Tag(string name, object value) => new(name, value);
}

/// <summary>Looks from time to time at what the checks of tenants found, while somebody reads their metrics.</summary>
internal sealed class TenantCheckGauges(
    LimitStore limits, MissingBackups missing, TenantCheckMetrics metrics, IControlPlaneReadiness readiness, TimeProvider time, ILogger<TenantCheckGauges> logger)
    : GaugeRefresh(TimeSpan.FromMinutes(1), readiness, time)
{
    protected override bool IsRead => metrics.IsRead;

    protected override void LogFailure(string reason) => Logs.UsageNotSeen(logger, reason);

    protected override async Task RefreshAsync(CancellationToken cancellationToken) =>
        metrics.Keep(await limits.CountAsync(cancellationToken), await missing.CountAsync(cancellationToken));
}
