namespace Bibind.ControlPlane.Plans;

/// <summary>What a tenant may use and how long its backups are kept.</summary>
public sealed record Plan
{
    public string Code { get; init; } = string.Empty;
    public string Name { get; init; } = string.Empty;

    /// <summary><c>monthly</c> or <c>yearly</c>.</summary>
    public string PricePeriod { get; init; } = string.Empty;

    /// <summary>Internal users; unlimited if null.</summary>
    public int? UserLimit { get; init; }

    /// <summary>Database and file store together, in bytes; unlimited if null.</summary>
    public long? StorageQuotaBytes { get; init; }

    /// <summary><c>daily</c> or <c>weekly</c>.</summary>
    public string BackupSchedule { get; init; } = string.Empty;

    /// <summary>Daily backups kept.</summary>
    public int RetentionDaily { get; init; }

    /// <summary>Weekly backups kept.</summary>
    public int RetentionWeekly { get; init; }

    /// <summary>Monthly backups kept.</summary>
    public int RetentionMonthly { get; init; }

    /// <summary>Days between a failed payment and the suspension.</summary>
    public int GraceDays { get; init; }
}
