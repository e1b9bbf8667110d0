using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Contracts;

/// <summary>A backup that an endpoint or the nightly timer opened a job for.</summary>
public sealed record BackUpTenantOrder
{
    public required long TenantId { get; init; }
    public required string JobId { get; init; }
    public required string Code { get; init; }

    /// <summary><c>manual</c> or <c>scheduled</c>; after a scheduled one, those that the plan no longer keeps are deleted.</summary>
    public required string Kind { get; init; }
}

/// <summary>A tenant that was backed up.</summary>
public sealed record TenantBackedUp
{
    public required string Code { get; init; }
    public required string BackupId { get; init; }
    public required string Key { get; init; }

    /// <summary>Size of the stored object.</summary>
    public required long Bytes { get; init; }

    /// <summary>Lower-case hex of the SHA-256 of the stored object.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Ids of older backups that the plan did not keep.</summary>
    public IReadOnlyList<string> Deleted { get; init; } = [];

    /// <summary>What is to be done another time, in words.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>A backup that takes the place of its tenant's database.</summary>
public sealed record RestoreTenantOrder
{
    public required long TenantId { get; init; }
    public required string JobId { get; init; }
    public required string Code { get; init; }
    public required string BackupId { get; init; }

    /// <summary>True if the tenant was suspended: a restore that changes nothing leaves it so.</summary>
    public bool WasSuspended { get; init; }

    /// <summary>True if the job's own orchestration was ended from outside: what it did is undone, nothing else.</summary>
    public bool IsUndo { get; init; }

    /// <summary>Set where the backup is one of another tenant, of which this one is the staging copy.</summary>
    public StagingContent? Staging { get; init; }
}

/// <summary>A backup that becomes a new tenant, already reserved under <see cref="TenantId"/>.</summary>
public sealed record RestoreNewTenantOrder
{
    public required long TenantId { get; init; }
    public required string JobId { get; init; }
    public required string Code { get; init; }

    /// <summary>The backup, by the tenant that it was taken of.</summary>
    public required BackupRef Backup { get; init; }
}

/// <summary>A tenant that a failed restore left suspended and that is to be opened again.</summary>
public sealed record ResumeTenantOrder
{
    public required long TenantId { get; init; }
    public required string JobId { get; init; }
    public required string Code { get; init; }

    /// <summary>The restore that failed.</summary>
    public required string RestoreJobId { get; init; }

    /// <summary>The backup that it was to bring back.</summary>
    public required string BackupId { get; init; }
}

/// <summary>A tenant that is open again.</summary>
public sealed record TenantResumed
{
    public required string Code { get; init; }

    /// <summary>The backup whose database it has; null if it has the one of before the restore.</summary>
    public string? BackupId { get; init; }
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>A tenant that was restored.</summary>
public sealed record TenantRestored
{
    public required string Code { get; init; }

    /// <summary>What was brought back.</summary>
    public required string BackupId { get; init; }

    /// <summary>What was there before.</summary>
    public required string SafetyBackupId { get; init; }
    public required string Database { get; init; }
    public required long Bytes { get; init; }
    public required int Tables { get; init; }
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>What a staging copy is without that was refreshed; null for every other restore.</summary>
    public StagingReport? Staging { get; init; }
}

/// <summary>A backup to try out.</summary>
public sealed record VerifyBackupOrder
{
    public required long TenantId { get; init; }
    public required string JobId { get; init; }
    public required string BackupId { get; init; }
}

/// <summary>One open job of one tenant.</summary>
public sealed record TenantJob(long TenantId, string JobId);

/// <summary>How a backup ended: with a result, or with the reason why not.</summary>
public sealed record BackupEnd(string JobId, TenantBackedUp? Result, string? Reason);

/// <summary>How a trial ended: with a receipt, or with the reason why not.</summary>
public sealed record VerifyEnd(string JobId, BackupReceipt? Receipt, string? Reason);

/// <summary>How a restore ended.</summary>
public sealed record RestoreEnd
{
    public required long TenantId { get; init; }
    public required string JobId { get; init; }

    /// <summary>True if the tenant's route leads to its database again; else the tenant is suspended.</summary>
    public required bool IsOpen { get; init; }

    /// <summary>True if the restore was undone because its orchestration was ended from outside.</summary>
    public bool IsUndo { get; init; }
    public TenantRestored? Result { get; init; }

    /// <summary>Why it failed, and what state the tenant is in.</summary>
    public string? Reason { get; init; }
}

/// <summary>How an attempt to open a suspended tenant ended: with a result, or with the reason why not.</summary>
public sealed record ResumeEnd(long TenantId, string JobId, TenantResumed? Result, string? Reason);

/// <summary>What a failed restore may have left in the tenant's place.</summary>
/// <param name="Place">The tenant, with the restore's job.</param>
/// <param name="BackupId">The backup that was to be brought back.</param>
/// <param name="SafetyBackupId">The one of before, which the way back brings back.</param>
public sealed record FailedRestore(TenantDescriptor Place, string BackupId, string SafetyBackupId);

/// <summary>Which of a failed restore's backups is in the tenant's place.</summary>
/// <param name="BackupId">The backup; null if the database was not replaced.</param>
public sealed record FailedRestoreFound(string? BackupId);

/// <summary>What a restore that failed left behind.</summary>
/// <param name="Replaced">True if the tenant's database is the restored one.</param>
public sealed record RestoreSettled(bool Replaced);

/// <summary>Where a night's backups are.</summary>
/// <param name="StartsAt">When the night's first backups start, UTC.</param>
/// <param name="Minute">How many minutes later these start.</param>
public sealed record NightSlot(DateTime StartsAt, int Minute);

/// <summary>How often the timer has run.</summary>
public sealed record NightlyBackupsState(DateTime? LastNight = null);

/// <summary>Backups, restores and trials as jobs: their rows, and what the nightly timer starts.</summary>
public static class BackupJobs
{
    /// <summary>Instance id of the timer; there is one, whatever the number of hosts.</summary>
    public const string NightlyInstance = "nightly-backups";

    /// <summary>A night's backups are spread over so many minutes.</summary>
    public const int NightMinutes = 60;

    private static readonly RetryPolicy Quick = new(8, TimeSpan.FromMilliseconds(200), 2, TimeSpan.FromSeconds(30));
    private static readonly RetryPolicy Stubborn = new(40, TimeSpan.FromMilliseconds(200), 2, TimeSpan.FromMinutes(1));

    /// <summary>Where the tenant of an open job lives.</summary>
    public static readonly ActivityDefinition<TenantJob, TenantDescriptor> Begin = new("backup_jobs.begin", Quick);
    public static readonly ActivityDefinition<BackupEnd, Unit> EndBackup = new("backup_jobs.end_backup", Stubborn);

    /// <summary>Stores the receipt with the backup.</summary>
    public static readonly ActivityDefinition<VerifyEnd, Unit> EndVerify = new("backup_jobs.end_verify", Stubborn);
    public static readonly ActivityDefinition<RestoreEnd, Unit> EndRestore = new("backup_jobs.end_restore", Stubborn);

    /// <summary>Clears away what a failed restore left, and says whether it had replaced the tenant's database.</summary>
    public static readonly ActivityDefinition<RestoreRequest, RestoreSettled> SettleRestore = new("backup_jobs.settle_restore", Policies.Undo);

    /// <summary>Says what a failed restore left in the tenant's place, and clears away what is half done.</summary>
    public static readonly ActivityDefinition<FailedRestore, FailedRestoreFound> FindReplaced = new("backup_jobs.find_replaced", Policies.Act);
    public static readonly ActivityDefinition<ResumeEnd, Unit> EndResume = new("backup_jobs.end_resume", Stubborn);

    /// <summary>The ids of a tenant's backups that its plan does not keep.</summary>
    public static readonly ActivityDefinition<TenantJob, IReadOnlyList<string>> ListExpired = new("backup_jobs.list_expired", Quick);

    /// <summary>When the next night after the given one starts, by the settings.</summary>
    public static readonly ActivityDefinition<NightlyBackupsState, DateTime> NextNight = new("backup_jobs.next_night", Stubborn);

    /// <summary>Opens the jobs of the tenants that are due in this minute; answers how many.</summary>
    public static readonly ActivityDefinition<NightSlot, int> StartDue = new("backup_jobs.start_due", Stubborn);
}
