using System.Diagnostics.Metrics;
using Bibind.ControlPlane;
using Bibind.ControlPlane.Usage;
using Bibind.Functions.Problems;
using Bibind.Functions.Telemetry;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Usage;

/// <summary>Metrics of what tenants use, through the meter named <see cref="Name"/>.</summary>
internal sealed class UsageMetrics
{
    /// <summary>The name of the meter.</summary>
    public const string Name = "Bibind.Usage";

    /// <summary>What all names begin with.</summary>
    public const string Prefix = "bibind.usage.";

    /// <summary>What the names begin with of instruments that have a series for each tenant.</summary>
    public const string PerTenant = "bibind.usage.tenant.";

    private readonly Instrument[] _gauges;
    private volatile IReadOnlyList<UsageTotal> _totals = [];
    private volatile IReadOnlyList<TenantUsage> _tenants = [];

    public UsageMetrics(IMeterFactory meters, IOptions<UsageOptions> options)
    {
        var meter = meters.Create(Name);
        _gauges =
        [
            Total("bibind.usage.tenants", "{tenant}", "Tenants that are measured, by server and plan", t => t.Tenants),
            Total("bibind.usage.failing", "{tenant}", "Tenants of which something could not be measured last, by server and plan", t => t.Failing),
            Total("bibind.usage.users", "{user}", "Internal users that are active, by server and plan", t => t.Users),
            Total("bibind.usage.database.size", "By", "Size of databases, by server and plan", t => t.DatabaseBytes),
            Total("bibind.usage.storage.size", "By", "Size of file stores and buckets, by server and plan", t => t.StorageBytes),
        ];
        if (options.Value.MetricsPerTenant)
        {
            _gauges =
            [
                .. _gauges,
                Single($"{PerTenant}users", "{user}", "Internal users that are active, by tenant", t => t.Users),
                Single($"{PerTenant}database.size", "By", "Size of the database, by tenant", t => t.DatabaseBytes),
                Single($"{PerTenant}storage.size", "By", "Size of file store and bucket, by tenant", t => t.StorageBytes),
            ];
        }

        ObservableGauge<long> Total(string name, string unit, string description, Func<UsageTotal, long> value) => meter.CreateObservableGauge(
            name, () => _totals.Select(t => new Measurement<long>(value(t), Tag("server", t.Server), Tag("plan", t.Plan))), unit, description);

        ObservableGauge<long> Single(string name, string unit, string description, Func<TenantUsage, long?> value) => meter.CreateObservableGauge(
            name,
            () => _tenants.Where(t => value(t) is not null).Select(t => new Measurement<long>(value(t)!.Value, Tag("server", t.Server), Tag("tenant", t.Tenant))),
            unit, description);
    }

    /// <summary>True while somebody reads what is kept here.</summary>
    public bool IsRead => Array.Exists(_gauges, g => g.Enabled);

    /// <summary>Keeps what is used, for gauges: they are read at a moment at which nothing may be awaited.</summary>
    public void Keep(IReadOnlyList<UsageTotal> totals, IReadOnlyList<TenantUsage> tenants) => (_totals, _tenants) = (totals, tenants);

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}

/// <summary>Looks from time to time at what tenants use, while somebody reads its metrics.</summary>
internal sealed class UsageGauges(UsageStore usage, UsageMetrics metrics, IOptions<UsageOptions> options, IControlPlaneReadiness readiness, TimeProvider time, ILogger<UsageGauges> logger)
    : GaugeRefresh(TimeSpan.FromMinutes(1), readiness, time)
{
    protected override bool IsRead => metrics.IsRead;

    protected override void LogFailure(string reason) => Logs.UsageNotSeen(logger, reason);

    protected override async Task RefreshAsync(CancellationToken cancellationToken)
    {
        var tenants = new List<TenantUsage>();
        if (options.Value.MetricsPerTenant)
        {
            Page<TenantUsage> page;
            do
            {
                page = await usage.ListAsync(
                    new UsageFilter { Sort = UsageSorts.Tenant }, new PageRequest((tenants.Count / PageRequest.LargestSize) + 1, PageRequest.LargestSize), cancellationToken);
                tenants.AddRange(page.Items);
            }
            while (page.Items.Count == PageRequest.LargestSize);
        }

        metrics.Keep(await usage.SumAsync(cancellationToken), tenants);
    }
}
