namespace Bibind.Activities.Backup.Archives;

/// <summary>Settings <c>Backups:*</c>.</summary>
public sealed class BackupOptions
{
    public const string Section = "Backups";

    /// <summary>False where nothing can be dumped: no backup is then taken, and the log says so.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Path of <c>pg_dump</c>, at least as new as the servers; the newest that is installed unless given.</summary>
    public string? PgDump { get; set; }

    /// <summary>Path of <c>pg_restore</c>; the newest that is installed unless given.</summary>
    public string? PgRestore { get; set; }

    /// <summary>The bucket that all backups lie in.</summary>
    public string Bucket { get; set; } = "bibind-backups";

    /// <summary>False leaves the plans' schedules to somebody else: no backup is taken by itself, and none is deleted by age.</summary>
    public bool Nightly { get; set; } = true;

    /// <summary>When the night's first backups start, UTC; the others follow within an hour.</summary>
    public TimeSpan NightlyAt { get; set; } = TimeSpan.FromHours(2);

    /// <summary>How much later than its plan's schedule says a backup may come before it is missing; 0: nobody looks.</summary>
    public TimeSpan MissingAfter { get; set; } = TimeSpan.FromHours(6);

    /// <summary>How often each tenant's newest backup is tried out; 0: only when somebody orders it.</summary>
    public TimeSpan TrialInterval { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Trials by schedule that run at once, on all machines together.</summary>
    public int TrialsAtOnce { get; set; } = 1;
}
