using Bibind.Contracts;
using Bibind.Durable.Serialization;

namespace Bibind.ControlPlane.Upgrades;

/// <summary>An upgrade of a tenant.</summary>
public sealed record TenantUpgrade
{
    public long Id { get; init; }
    public long TenantId { get; init; }
    public string TenantCode { get; init; } = string.Empty;
    public string JobId { get; init; } = string.Empty;

    /// <summary>The release's.</summary>
    public string Version { get; init; } = string.Empty;

    /// <summary>One of <see cref="UpgradeKinds"/>.</summary>
    public string Kind { get; init; } = string.Empty;

    /// <summary>JSON text of an <see cref="UpgradeTenantInput"/>.</summary>
    public string Input { get; init; } = string.Empty;
    public bool DryRun { get; init; }

    /// <summary>One of <see cref="UpgradeStates"/>.</summary>
    public string State { get; init; } = string.Empty;

    /// <summary>Why it was ordered.</summary>
    public string Reason { get; init; } = string.Empty;
    public string RequestedBy { get; init; } = string.Empty;
    public DateTimeOffset RequestedAt { get; init; }

    /// <summary>The rollout that it is part of.</summary>
    public string? Rollout { get; init; }
    public string? PreviousVersion { get; init; }

    /// <summary>The database that it is rehearsed in, until that is proved to be gone.</summary>
    public string? CopyDatabase { get; init; }

    /// <summary>The transaction that ran its statements in the copy; null if none did.</summary>
    public long? CopyTransaction { get; init; }

    /// <summary>The transaction that ran its statements in the tenant's database.</summary>
    public long? TenantTransaction { get; init; }

    /// <summary>When the application answered with the release.</summary>
    public DateTimeOffset? PassedAt { get; init; }

    /// <summary>How often its ending was begun because its orchestration had been ended from outside.</summary>
    public int UndoAttempts { get; init; }

    /// <summary>The backup of what the tenant was before; null if none is kept.</summary>
    public string? SafetyBackupId { get; init; }
    public DateTimeOffset? KeepUntil { get; init; }
    public string? ConfirmedBy { get; init; }

    /// <summary>The job that takes or took it back.</summary>
    public string? RollbackJobId { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public long? OutageMs { get; init; }

    /// <summary>Why it did not go well, in words.</summary>
    public string? Failure { get; init; }

    /// <summary>The orchestration that makes it, or ends it.</summary>
    public string Instance => UndoAttempts == 0 ? JobId : FormattableString.Invariant($"{JobId}-undo-{UndoAttempts}");

    /// <summary>What was ordered.</summary>
    public UpgradeTenantInput ReadInput() => HubDataConverter.Default.Deserialize<UpgradeTenantInput>(Input)!;
}

/// <summary>The states of an upgrade: those before its end, and its outcomes.</summary>
public static class UpgradeStates
{
    public const string Rehearsing = "rehearsing";

    /// <summary>For its time; no other job is kept out.</summary>
    public const string Waiting = "waiting";
    public const string Upgrading = "upgrading";

    /// <summary>The application answered with the release; the tenant is being opened.</summary>
    public const string Opening = "opening";

    /// <summary>It was upgraded, and brought back later.</summary>
    public const string TakenBack = "taken-back";

    /// <summary>Called off while it waited for its time.</summary>
    public const string Cancelled = "cancelled";

    /// <summary>Every state there is.</summary>
    public static IReadOnlyList<string> All { get; } = [Rehearsing, Waiting, Upgrading, Opening, .. UpgradeOutcomes.All, TakenBack, Cancelled];
}

/// <summary>What is asked for.</summary>
public sealed record UpgradeWish
{
    public required ApplicationRelease Release { get; init; }
    public bool DryRun { get; init; }
    public DateTime? NotBefore { get; init; }

    /// <summary>When the tenant may be closed; in its own maintenance window unless given.</summary>
    public MaintenanceWindow? Window { get; init; }

    /// <summary>True if it may be closed at once, whatever its own maintenance window.</summary>
    public bool AtOnce { get; init; }

    /// <summary>Why, in words.</summary>
    public required string Reason { get; init; }
    public required string RequestedBy { get; init; }
    public string? Rollout { get; init; }
}

/// <summary>What became of a wish about an upgrade.</summary>
public abstract record UpgradeResult
{
    private UpgradeResult()
    {
    }

    /// <summary>It is written; the orchestration is to be started with this.</summary>
    public sealed record Opened(UpgradeTenantInput Input) : UpgradeResult;

    /// <summary>The taking back of one is to be started with this.</summary>
    public sealed record RollbackOpened(RollBackUpgradeInput Input) : UpgradeResult;

    /// <summary>It is confirmed.</summary>
    public sealed record Confirmed(TenantUpgrade Upgrade) : UpgradeResult;

    /// <summary>It is called off.</summary>
    public sealed record Cancelled(TenantUpgrade Upgrade) : UpgradeResult;

    /// <summary>There is no such tenant or upgrade.</summary>
    public sealed record NotFound(string Message) : UpgradeResult;

    /// <summary>Another job is in the way.</summary>
    public sealed record JobRunning(string Message) : UpgradeResult;

    /// <summary>The tenant's or the upgrade's state does not allow it.</summary>
    public sealed record WrongState(string Message) : UpgradeResult;
}
