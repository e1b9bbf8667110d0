using System.Diagnostics.CodeAnalysis;
using Bibind.ControlPlane.Upgrades;

namespace Bibind.Functions.Http;

/// <summary>A release of an application, as an order names it.</summary>
internal interface IReleaseCommand
{
    string Version { get; }
    string Kind { get; }
    IReadOnlyList<string>? Modules { get; }
    IReadOnlyList<string>? Statements { get; }
    int? LimitMinutes { get; }
}

/// <summary>An order to upgrade a tenant.</summary>
public sealed record UpgradeTenantCommand : IReleaseCommand
{
    /// <summary>The release, such as <c>19.0-20261101</c>: what the tenant has afterwards.</summary>
    public required string Version { get; init; }

    /// <summary><c>odoo-bin</c>: the application's program; <c>rpc</c>: its server; <c>sql</c>: statements.</summary>
    public required string Kind { get; init; }

    /// <summary>Technical names of the modules that are upgraded, 1 to 100; not for <c>sql</c>.</summary>
    [DisallowNull]
    public IReadOnlyList<string>? Modules { get; init; }

    /// <summary>What is run in one transaction with the rights of who owns the tenant's data, 1 to 100; for <c>sql</c> only. They are recorded: no secrets.</summary>
    [DisallowNull]
    public IReadOnlyList<string>? Statements { get; init; }

    /// <summary>How long the upgrade itself may take, 1 to 240; 30 unless given.</summary>
    public int? LimitMinutes { get; init; }

    /// <summary>True only rehearses: the tenant is not touched.</summary>
    public bool DryRun { get; init; }

    /// <summary>When the tenant may be closed at the earliest, UTC. The rehearsal comes at once.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>When the tenant may be closed; in its own maintenance window unless given, and at any time if it has none.</summary>
    [DisallowNull]
    public TimeWindow? Window { get; init; }

    /// <summary>True closes it as soon as the rehearsal has gone well, whatever its maintenance window.</summary>
    public bool AtOnce { get; init; }

    /// <summary>Why, in words, at most 500 characters; recorded.</summary>
    public required string Reason { get; init; }
}

/// <summary>An order to take a tenant's last upgrade back.</summary>
public sealed record RollBackTenantUpgrade
{
    /// <summary>Why, in words, at most 500 characters; logged.</summary>
    public required string Reason { get; init; }
}

/// <summary>An upgrade of a tenant as people see it.</summary>
/// <param name="Tenant">The tenant's code.</param>
/// <param name="Job">The id of its job, which has the steps and how long each took.</param>
/// <param name="Version">The release.</param>
/// <param name="Kind"><c>odoo-bin</c>, <c>sql</c> or <c>rpc</c>.</param>
/// <param name="DryRun">True if it was only rehearsed.</param>
/// <param name="State">Before its end <c>rehearsing</c>, <c>waiting</c>, <c>upgrading</c> or <c>opening</c>; then <c>upgraded</c>, <c>rehearsed</c>, <c>refused</c>, <c>rehearsal-failed</c>, <c>rolled-back</c>, <c>failed</c> or <c>taken-back</c>.</param>
/// <param name="PreviousVersion">The release that it had before; null if nobody recorded it.</param>
/// <param name="Rollout">The rollout that it is part of.</param>
/// <param name="Reason">Why it was ordered.</param>
/// <param name="RequestedBy">By whom.</param>
/// <param name="RequestedAt">When, UTC.</param>
/// <param name="EndedAt">When it ended.</param>
/// <param name="OutageMs">For how long visitors saw a page instead of the application, in milliseconds.</param>
/// <param name="SafetyBackup">The backup of what it was before; null if none is kept.</param>
/// <param name="SafetyKeptUntil">Until when, unless the upgrade is confirmed before.</param>
/// <param name="ConfirmedBy">Who confirmed it.</param>
/// <param name="RollbackJob">The job that takes or took it back.</param>
/// <param name="Failure">Why it did not go well.</param>
public sealed record UpgradeView(
    string Tenant, string Job, string Version, string Kind, bool DryRun, string State, string? PreviousVersion, string? Rollout, string Reason, string RequestedBy,
    DateTimeOffset RequestedAt, DateTimeOffset? EndedAt, long? OutageMs, string? SafetyBackup, DateTimeOffset? SafetyKeptUntil, string? ConfirmedBy,
    string? RollbackJob, string? Failure)
{
    /// <summary>From a row.</summary>
    public static UpgradeView Of(TenantUpgrade upgrade)
    {
        ArgumentNullException.ThrowIfNull(upgrade);
        return new UpgradeView(
            upgrade.TenantCode, upgrade.JobId, upgrade.Version, upgrade.Kind, upgrade.DryRun, upgrade.State, upgrade.PreviousVersion, upgrade.Rollout, upgrade.Reason,
            upgrade.RequestedBy, upgrade.RequestedAt, upgrade.EndedAt, upgrade.OutageMs, upgrade.SafetyBackupId, upgrade.KeepUntil, upgrade.ConfirmedBy,
            upgrade.RollbackJobId, upgrade.Failure is null ? null : JobSteps.Cut(upgrade.Failure));
    }
}
