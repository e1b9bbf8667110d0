using System.Text.Json;

namespace Bibind.WebConsole.Api;

/// <summary>A tenant, as far as pages show it.</summary>
public sealed record Tenant
{
    public string Code { get; init; } = string.Empty;
    public string Name { get; init; } = string.Empty;
    public string? Customer { get; init; }
    public string? CustomerName { get; init; }
    public string? CustomerEmail { get; init; }
    public string Offer { get; init; } = string.Empty;
    public int OfferVersion { get; init; }
    public string Plan { get; init; } = string.Empty;
    public int PlanVersion { get; init; }
    public string Template { get; init; } = string.Empty;
    public int TemplateNumber { get; init; }
    public string? Release { get; init; }
    public string Server { get; init; } = string.Empty;
    public string Database { get; init; } = string.Empty;
    public string Host { get; init; } = string.Empty;
    public string BaseUrl { get; init; } = string.Empty;
    public string Bucket { get; init; } = string.Empty;
    public string State { get; init; } = string.Empty;
    public string? Reason { get; init; }
    public Suspension? Suspension { get; init; }
    public string? StagingOf { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public bool Leftovers { get; init; }
    public IReadOnlyList<PendingItem> PendingItems { get; init; } = [];
    public int? Users { get; init; }
    public long? DatabaseBytes { get; init; }
    public long? StorageBytes { get; init; }
    public DateTimeOffset? UsageMeasuredAt { get; init; }
    public string? UsageReason { get; init; }
    public int? MaxUsers { get; init; }
    public long? MaxStorageBytes { get; init; }
    public string RequestedBy { get; init; } = string.Empty;
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ActivatedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>True while it is there.</summary>
    public bool IsLiving => State is not ("terminated" or "failed");
}

public sealed record Suspension(string Cause, string Reason, DateTimeOffset OrderedAt, DateTimeOffset? Since);

public sealed record PendingItem(string Kind, DateTimeOffset Since, string Reason, int Attempts, DateTimeOffset? LastAttempt, DateTimeOffset NextAttempt);

public sealed record TenantPending(string Tenant, PendingItem Item);

public sealed record Domain(string Name, string State, string? Reason, string Job, DomainInstructions Instructions, string RequestedBy, DateTimeOffset CreatedAt)
{
    public DateTimeOffset? CheckedAt { get; init; }
    public DateTimeOffset? ActivatedAt { get; init; }
}

public sealed record DomainInstructions(WantedRecord Proof, WantedRecord Alias, IReadOnlyList<WantedRecord> Addresses, string Note);

public sealed record WantedRecord(string Type, string Name, string Value);

public sealed record SupportAccess(long Id, string State, string Level, string Reason, string RequestedBy, DateTimeOffset RequestedAt, string Job)
{
    public DateTimeOffset? ConsentUntil { get; init; }
    public string? DecidedBy { get; init; }
    public string? DecisionReason { get; init; }
    public DateTimeOffset? OpenedAt { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public string? RevokedBy { get; init; }
    public string? RevokeReason { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public string? Failure { get; init; }
    public IReadOnlyList<string> Left { get; init; } = [];
}

public sealed record Backup(string Id, string Tenant, string Kind, DateTimeOffset CreatedAt, long Bytes, string Sha256)
{
    public BackupFiles? FileStore { get; init; }
    public DateTimeOffset? VerifiedAt { get; init; }
    public DateTimeOffset? TriedAt { get; init; }
    public string? TrialFailure { get; init; }
    public DateTimeOffset? KeptUntil { get; init; }
    public IReadOnlyList<string> Notes { get; init; } = [];
}

public sealed record BackupFiles(long Bytes, string Sha256);

public sealed record MissingBackup(string Tenant, string Server, string Plan, string State, DateTimeOffset? LastBackupAt, DateTimeOffset ExpectedBy, DateTimeOffset Since, string Reason);

public sealed record Subscription
{
    public string Tenant { get; init; } = string.Empty;
    public string? Customer { get; init; }
    public string State { get; init; } = string.Empty;
    public string Plan { get; init; } = string.Empty;
    public string Period { get; init; } = string.Empty;
    public DateTimeOffset StartedAt { get; init; }
    public DateTimeOffset? PaidUntil { get; init; }
    public bool OnCredit { get; init; }
    public DateTimeOffset? TrialUntil { get; init; }
    public DateTimeOffset? PastDueSince { get; init; }
    public DateTimeOffset? GraceUntil { get; init; }
    public string? Suspension { get; init; }
    public DateTimeOffset? CancelAt { get; init; }
    public SubscriptionPending? Pending { get; init; }
}

public sealed record SubscriptionPending(DateTimeOffset NextLook, string? Reason, string? Job);

public sealed record SubscriptionChange(string? From, string To, string Event, string Cause, string? CauseId, string Who, string Reason, DateTimeOffset At);

public sealed record TenantChange(string ChangedBy, string? Reason, DateTimeOffset ChangedAt, JsonElement Changes);

public sealed record UsagePoint(DateTimeOffset At, string Period, int? Users, long? DatabaseBytes, long? FileStoreBytes, long? BucketBytes);

public sealed record Move(
    long Id, string Job, string From, string? To, string State, string Reason, string RequestedBy, DateTimeOffset RequestedAt, DateTimeOffset? StartAt, DateTimeOffset? EndedAt, long? OutageMs,
    string? CopyOn, DateTimeOffset? CopyKeptUntil, string? ConfirmedBy, string? Failure);

public sealed record Upgrade(
    string Job, string Version, string Kind, bool DryRun, string State, string? PreviousVersion, string? Rollout, string Reason, string RequestedBy, DateTimeOffset RequestedAt,
    DateTimeOffset? EndedAt, long? OutageMs, string? SafetyBackup, DateTimeOffset? SafetyKeptUntil, string? ConfirmedBy, string? RollbackJob, string? Failure);

/// <summary>What was ordered.</summary>
public sealed record Ordered(string? Code, string? Job, string? Id);

public sealed record Credentials(string Url, Credential? Administrator, Credential? User, StorageCredential? Storage, IReadOnlyList<string> Pending);

public sealed record Credential(string Login, string Password)
{
    /// <summary>Leaves the password out.</summary>
    public override string ToString() => Login;
}

public sealed record StorageCredential(string Bucket, string AccessKey, string SecretKey)
{
    /// <summary>Leaves the secret out.</summary>
    public override string ToString() => AccessKey;
}
