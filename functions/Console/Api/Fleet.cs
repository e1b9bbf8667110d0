using System.Text.Json;

namespace Bibind.WebConsole.Api;

public sealed record Server
{
    public string Code { get; init; } = string.Empty;
    public string Name { get; init; } = string.Empty;
    public string? Description { get; init; }
    public string Url { get; init; } = string.Empty;
    public string? Region { get; init; }
    public IReadOnlyList<string> Labels { get; init; } = [];
    public string DatabaseHost { get; init; } = string.Empty;
    public int DatabasePort { get; init; }
    public int? CpuCores { get; init; }
    public int? MemoryGb { get; init; }
    public int? DiskGb { get; init; }
    public int MaxTenants { get; init; }
    public int TenantCount { get; init; }
    public int UsedPlaces { get; init; }
    public int AvailableCapacityPercent { get; init; }
    public string State { get; init; } = string.Empty;
    public bool Draining { get; init; }
    public string Health { get; init; } = string.Empty;
    public string? HealthReason { get; init; }
    public bool Online { get; init; }
    public string? ApplicationVersion { get; init; }
    public DateTimeOffset? LastCheck { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
}

public sealed record ServerCheck(DateTimeOffset CheckedAt, string Health, string? Reason, ServerMeasures Measures);

public sealed record ServerMeasures
{
    public int? ApplicationMilliseconds { get; init; }
    public int? DatabaseMilliseconds { get; init; }
    public int? Connections { get; init; }
    public int? MaxConnections { get; init; }
    public long? DatabaseBytes { get; init; }
    public long? FileStoreFreeBytes { get; init; }
}

/// <summary>Something that is wrong.</summary>
public sealed record Alert(long Id, string Kind, string Subject, string Severity, string Reason, DateTimeOffset Since);

public sealed record ServerChange(string Action, string ChangedBy, string Reason, DateTimeOffset ChangedAt, JsonElement Changes);

public sealed record Template
{
    public string Code { get; init; } = string.Empty;
    public string Name { get; init; } = string.Empty;
    public string Server { get; init; } = string.Empty;
    public string Database { get; init; } = string.Empty;
    public IReadOnlyList<string> Modules { get; init; } = [];
    public string Language { get; init; } = string.Empty;
    public string? Version { get; init; }
    public string State { get; init; } = string.Empty;
    public string? Reason { get; init; }
    public long? Bytes { get; init; }
    public int WarmPoolSize { get; init; }
    public string? Family { get; init; }
    public DateTimeOffset? ReadyAt { get; init; }
    public TemplatePool? Pool { get; init; }
}

public sealed record TemplatePool
{
    public int Wanted { get; init; }
    public int Ready { get; init; }
}

public sealed record TemplateVersion
{
    public string Server { get; init; } = string.Empty;
    public int Number { get; init; }
    public string State { get; init; } = string.Empty;
    public string? Reason { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public int Tenants { get; init; }
}

public sealed record TemplateVersionChange(string Server, int Number, string Action, string ChangedBy, string Reason, DateTimeOffset ChangedAt);

public sealed record Rollout(
    long Id, string Offer, string Version, string State, string? StateReason, int Tenants, int PassedOver, string Job, string Reason, string RequestedBy, DateTimeOffset RequestedAt, DateTimeOffset? EndedAt);

public sealed record RolloutDetails(Rollout Summary, string Kind, IReadOnlyList<string> Modules, int MaxConcurrent, IReadOnlyList<RolloutWave> Waves);

public sealed record RolloutWave
{
    public int Number { get; init; }
    public int Members { get; init; }
    public int Limit { get; init; }
    public int Failures { get; init; }
    public int Pending { get; init; }
    public int Running { get; init; }
    public int Succeeded { get; init; }
    public int Failed { get; init; }
    public int RolledBack { get; init; }
    public int Skipped { get; init; }
    public int Held { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
}

public sealed record RolloutTenant(string Tenant, int? Wave, string State, string? Reason, string? Job, int Attempts, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, long? TookMs, long? OutageMs);

public sealed record Offer(string Code, int Version, string Name, string Application, string Delivery, string DefaultPlan, string DefaultTemplate, string? Region, bool Active);

public sealed record Plan(string Code, int Version, string Name, string PricePeriod, int? UserLimit, long? StorageQuotaBytes, string BackupSchedule, int GraceDays, int TrialDays, bool Active);
