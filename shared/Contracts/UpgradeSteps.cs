using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Contracts;

/// <summary>An upgrade that has begun.</summary>
public sealed record UpgradeBegun
{
    /// <summary>The tenant; null if the upgrade has ended.</summary>
    public TenantDescriptor? Place { get; init; }

    /// <summary>The copy that it is rehearsed in; not there yet.</summary>
    public TenantDescriptor? Copy { get; init; }

    /// <summary>The release that the tenant has now; null if nobody recorded it.</summary>
    public string? PreviousVersion { get; init; }

    /// <summary>True if the tenant was closed for it.</summary>
    public bool IsClosed { get; init; }

    /// <summary>True if the safety backup was taken: nothing was written since then but by the upgrade.</summary>
    public bool HasSafetyBackup { get; init; }

    /// <summary>True if the application answered with the release: then nothing is brought back.</summary>
    public bool HasPassed { get; init; }
}

/// <summary>A release that is brought into a database.</summary>
/// <param name="Order">The upgrade.</param>
/// <param name="Place">The tenant, or the copy that it is rehearsed in.</param>
public sealed record UpgradeTarget(UpgradeTenantInput Order, TenantDescriptor Place);

/// <summary>A backup that becomes the copy in which an upgrade is rehearsed.</summary>
/// <param name="Copy">The copy.</param>
/// <param name="Backup">The backup.</param>
public sealed record UpgradeCopyRequest(TenantDescriptor Copy, BackupRef Backup);

/// <summary>How an upgrade ended.</summary>
/// <param name="Order">The upgrade.</param>
/// <param name="Result">Its result.</param>
/// <param name="IsOpen">False if the tenant is left suspended.</param>
public sealed record UpgradeEnd(UpgradeTenantInput Order, UpgradeTenantResult Result, bool IsOpen);

/// <summary>The taking back of an upgrade that has begun: the restore that does it.</summary>
/// <param name="BackupId">The safety backup.</param>
/// <param name="Version">What the tenant had before; null if nobody recorded it.</param>
public sealed record RollbackBegun(string BackupId, string? Version);

/// <summary>Upgrades of tenants.</summary>
public static class Upgrades
{
    private static readonly RetryPolicy Quick = new(8, TimeSpan.FromMilliseconds(200), 2, TimeSpan.FromSeconds(30));
    private static readonly RetryPolicy Stubborn = new(40, TimeSpan.FromMilliseconds(200), 2, TimeSpan.FromMinutes(1));

    /// <summary>Opens the job unless it is open, and keeps other jobs out; a tenant that is not active, or held by another job, is refused.</summary>
    public static readonly ActivityDefinition<UpgradeTenantInput, UpgradeBegun> Begin = new("upgrades.begin", Quick);

    /// <summary>Looks for what would make the upgrade fail; a refusal is a failure.</summary>
    public static readonly ActivityDefinition<UpgradeTarget, Unit> Check = new("upgrades.check", Policies.Brief);

    /// <summary>Restores a backup as the copy, unseen by the application.</summary>
    public static readonly ActivityDefinition<UpgradeCopyRequest, Unit> MakeCopy = new("upgrades.make_copy", Policies.Act);

    /// <summary>Takes from the copy whatever could go out; what cannot be taken is a failure.</summary>
    public static readonly ActivityDefinition<TenantDescriptor, Unit> Neutralise = new("upgrades.neutralise", Policies.Brief);

    /// <summary>Brings the release into a database, once, and looks whether it is there.</summary>
    public static readonly ActivityDefinition<UpgradeTarget, Unit> Apply = new("upgrades.apply", Policies.Brief);

    /// <summary>Drops the copy's database.</summary>
    public static readonly ActivityDefinition<TenantDescriptor, Unit> DropCopy = new("upgrades.drop_copy", Policies.Undo);

    /// <summary>Asks the server what is left of the copy.</summary>
    public static readonly ActivityDefinition<TenantDescriptor, Inventory> TakeInventory = new("upgrades.take_inventory", Policies.Undo);

    /// <summary>Lets other jobs of the tenant go on until the upgrade's time has come.</summary>
    public static readonly ActivityDefinition<UpgradeTenantInput, Unit> Wait = new("upgrades.wait", Quick);

    /// <summary>Makes the tenant one that is being upgraded, and answers where it lives now; it waits some minutes for the end of another job.</summary>
    public static readonly ActivityDefinition<UpgradeTenantInput, TenantDescriptor> Close = new("upgrades.close", Policies.Act);

    /// <summary>Records that the tenant has the release.</summary>
    public static readonly ActivityDefinition<UpgradeTenantInput, Unit> Pass = new("upgrades.pass", Stubborn);

    /// <summary>Ends an upgrade: tenant, job, and how long the safety backup is kept; answers the result with it.</summary>
    public static readonly ActivityDefinition<UpgradeEnd, UpgradeTenantResult> End = new("upgrades.end", Stubborn);

    /// <summary>Opens the restore that takes an upgrade back unless it is open.</summary>
    public static readonly ActivityDefinition<RollBackUpgradeInput, RollbackBegun> BeginRollback = new("upgrades.begin_rollback", Quick);

    /// <summary>Records that an upgrade was taken back.</summary>
    public static readonly ActivityDefinition<RollBackUpgradeInput, Unit> EndRollback = new("upgrades.end_rollback", Stubborn);

    /// <summary>Deletes safety backups whose time is up, drops copies that were left, and ends upgrades whose orchestration was ended from outside; answers how many.</summary>
    public static readonly ActivityDefinition<Unit, int> Sweep = new("upgrades.sweep", Policies.Round);
}
