using System.Text.Json;

namespace Bibind.WebConsole.Api;

public sealed record BillingMessage(
    string Id, string Type, string Tenant, long Sequence, DateTimeOffset OccurredAt, string State, string? Cause, string? Reason, string? Job, int Deliveries, DateTimeOffset ReceivedAt, DateTimeOffset UpdatedAt);

public sealed record BillingChange(string Action, string Who, string Reason, string TypeBefore, JsonElement DataBefore, DateTimeOffset At);

public sealed record BillingDetails(BillingMessage Message, JsonElement Data, IReadOnlyList<BillingChange> Changes);

public sealed record WebhookDelivery(DateTimeOffset ReceivedAt, string Caller, string State, string? Event, string? Model, long? RecordId, string? Tenant, int Status)
{
    public string? Kind { get; init; }
    public string? Reason { get; init; }
    public string? Job { get; init; }
    public IReadOnlyList<string> Notes { get; init; } = [];
}

public sealed record Notice(
    long Id, string Kind, string Cause, string? Tenant, string? Customer, IReadOnlyDictionary<string, string> Details, DateTimeOffset RaisedAt, DateTimeOffset? ClosedAt, IReadOnlyList<NoticeDelivery> Deliveries);

public sealed record NoticeDelivery(long Id, string Channel, string Receiver, string State, int Attempts, DateTimeOffset? NextAttempt, DateTimeOffset? EndedAt, string? Reason);

public sealed record Finding(
    long Id, string Kind, string Tenant, string Subject, string State, DateTimeOffset Since, DateTimeOffset LastSeen, string Seen, bool IsRepairable, DateTimeOffset? RepairedAt, string? Reason, string Remedy);

public sealed record AuditEntry
{
    public DateTimeOffset At { get; init; }
    public string Actor { get; init; } = string.Empty;
    public string? Role { get; init; }
    public string Source { get; init; } = string.Empty;
    public string? Address { get; init; }
    public string Action { get; init; } = string.Empty;
    public string? Path { get; init; }
    public string? Subject { get; init; }
    public string? Reason { get; init; }
    public string Result { get; init; } = string.Empty;
    public int? Status { get; init; }
    public string? TraceId { get; init; }
}

public sealed record ShownSetting(string Name, string Value, string Source, string Meaning, string Section);

/// <summary>What the first page shows.</summary>
public sealed record Overview
{
    public IReadOnlyDictionary<string, long> Tenants { get; init; } = new Dictionary<string, long>();
    public IReadOnlyList<OverviewHour> Hours { get; init; } = [];
    public OverviewJobs Jobs { get; init; } = new(0, null);
    public IReadOnlyList<OverviewServer> Servers { get; init; } = [];
    public OverviewCertificates Certificates { get; init; } = new(0, 0, null, []);
    public long BackupsMissing { get; init; }
    public IReadOnlyDictionary<string, long> Billing { get; init; } = new Dictionary<string, long>();
    public IReadOnlyDictionary<string, long> Pending { get; init; } = new Dictionary<string, long>();
    public OverviewQueue? Queue { get; init; }
    public DateTimeOffset At { get; init; }
}

public sealed record OverviewQueue(long Orchestrations, long OldestOrchestrationMs, long Activities, long OldestActivityMs, long Quarantined);

public sealed record OverviewHour(DateTimeOffset Hour, int Succeeded, int Failed, int Cancelled);

public sealed record OverviewJobs(long Open, DateTimeOffset? OldestAt);

public sealed record OverviewServer(string Code, string State, string Health, string? HealthReason, bool Draining, int Tenants, int MaxTenants);

public sealed record OverviewCertificates(long EndingSoon, long Failing, DateTimeOffset? FirstEndsAt, IReadOnlyList<OverviewCertificate> Next);

public sealed record OverviewCertificate(string Host, string? Tenant, DateTimeOffset NotAfter, int Failures, string? LastFailure);

public sealed record OperatorToken(long Id, string Name, string Role, string? Customer, string Hint, string? Reason, string State)
{
    public DateTimeOffset CreatedAt { get; init; }
    public string CreatedBy { get; init; } = string.Empty;
    public DateTimeOffset ExpiresAt { get; init; }
    public DateTimeOffset? UsedAt { get; init; }
}

public sealed record ConsoleSession(long Id, string Actor, string Role, string Source, string? Address, DateTimeOffset CreatedAt, DateTimeOffset SeenAt, DateTimeOffset EndsAt, bool IsOwn);

/// <summary>A list of the console, filtered as somebody wants to see it again.</summary>
public sealed record SavedView(string Name, string Path, DateTimeOffset SavedAt);
