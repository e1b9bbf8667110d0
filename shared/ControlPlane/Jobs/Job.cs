using Bibind.Contracts;
using Bibind.Durable.Serialization;

namespace Bibind.ControlPlane.Jobs;

/// <summary>One orchestration run as people ask for it; its steps are the orchestration's history.</summary>
public sealed record Job
{
    /// <summary>The orchestration's instance id.</summary>
    public string Id { get; init; } = string.Empty;

    /// <summary>One of <see cref="JobKinds"/>.</summary>
    public string Kind { get; init; } = string.Empty;
    public long? TenantId { get; init; }
    public string? TenantCode { get; init; }

    /// <summary>What it is about: a tenant's code, or <c>server/template</c>.</summary>
    public string Subject { get; init; } = string.Empty;
    public string RequestedBy { get; init; } = string.Empty;

    /// <summary>True if no other changing job of the tenant may run beside it.</summary>
    public bool Changing { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>One of <see cref="JobOutcomes"/>; null while it is open.</summary>
    public string? Outcome { get; init; }

    /// <summary>Why it failed, in words.</summary>
    public string? Reason { get; init; }

    /// <summary>JSON text.</summary>
    public string? Result { get; init; }

    /// <summary>What it has to tell people besides its result.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>JSON text of an <see cref="Contracts.Inventory"/>.</summary>
    public string? Inventory { get; init; }

    /// <summary>The job that started this one.</summary>
    public string? Parent { get; init; }

    /// <summary>The failed job whose order this one is again.</summary>
    public string? RetryOf { get; init; }

    /// <summary>The job that is this one's order again.</summary>
    public string? RetriedBy { get; init; }

    /// <summary>When somebody cancelled it; it is closed once what it did is undone.</summary>
    public DateTimeOffset? CancelRequestedAt { get; init; }

    /// <summary>How often its undoing was started.</summary>
    public int UndoAttempts { get; init; }

    /// <summary>The orchestration that goes about it now: the job's own, or the last that undoes it.</summary>
    public string Instance => InstanceOf(Id, UndoAttempts);

    /// <summary>The orchestration of a job: its own, or one that undoes it.</summary>
    internal static string InstanceOf(string id, int undoAttempts) => undoAttempts == 0 ? id : FormattableString.Invariant($"{id}-undo-{undoAttempts}");

    /// <summary>What was left when it ended, or null.</summary>
    public Inventory? ReadInventory() => HubDataConverter.Default.Deserialize<Inventory>(Inventory);
}

/// <summary>The kinds of job.</summary>
public static class JobKinds
{
    public const string Provision = "provision";
    public const string Destroy = "destroy";
    public const string CreateTemplate = "create-template";
    public const string BuildTemplateVersion = "build-template-version";
    public const string PromoteTemplateVersion = "promote-template-version";
    public const string RetireTemplateVersion = "retire-template-version";
    public const string AddDomain = "add-domain";
    public const string RemoveDomain = "remove-domain";
    public const string BuyDomain = "buy-domain";
    public const string Backup = "backup";

    /// <summary>An attempt at a tenant's first backup: nothing waits for it, and no other job of the tenant is kept out.</summary>
    public const string FirstBackup = "first-backup";
    public const string Restore = "restore";
    public const string Resume = "resume";
    public const string VerifyBackup = "verify-backup";
    public const string Move = "move";
    public const string RemoveMovedCopy = "remove-moved-copy";
    public const string DrainServer = "drain-server";
    public const string Upgrade = "upgrade";
    public const string Rollout = "rollout";
    public const string AdoptDatabase = "adopt-database";
    public const string ResetCredentials = "reset-credentials";
    public const string ChangeModules = "change-modules";
    public const string Suspend = "suspend";
    public const string ChangePlan = "change-plan";

    /// <summary>An operator in a tenant's application: no other job of the tenant is kept out.</summary>
    public const string SupportAccess = "support-access";
}

/// <summary>How a job ended.</summary>
public static class JobOutcomes
{
    public const string Succeeded = "succeeded";
    public const string Failed = "failed";
    public const string Cancelled = "cancelled";
}

/// <summary>A job to open.</summary>
public sealed record NewJob
{
    public required string Id { get; init; }
    public required string Kind { get; init; }
    public long? TenantId { get; init; }
    public string? TenantCode { get; init; }
    public required string Subject { get; init; }
    public required string RequestedBy { get; init; }
    public bool Changing { get; init; } = true;
}

/// <summary>How a job is closed.</summary>
public sealed record JobEnd
{
    /// <summary>One of <see cref="JobOutcomes"/>.</summary>
    public required string Outcome { get; init; }
    public string? Reason { get; init; }

    /// <summary>Stored as JSON.</summary>
    public object? Result { get; init; }
    public Inventory? Inventory { get; init; }
}
