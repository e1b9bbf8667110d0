namespace Bibind.Activities.Backup;

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
}
