using System.Text.Json.Serialization;

namespace Bibind.ControlPlane.Plans;

/// <summary>What a tenant may use and how long its backups are kept.</summary>
public record PlanFields
{
    [JsonRequired]
    public string Name { get; init; } = string.Empty;

    /// <summary>Position in lists.</summary>
    public int Sequence { get; init; } = 100;

    /// <summary><c>monthly</c> or <c>yearly</c>.</summary>
    [JsonRequired]
    public string PricePeriod { get; init; } = string.Empty;

    /// <summary>Internal users; unlimited if null.</summary>
    public int? UserLimit { get; init; }

    /// <summary>Database and file store together, in bytes; unlimited if null.</summary>
    public long? StorageQuotaBytes { get; init; }

    /// <summary><c>daily</c> or <c>weekly</c>.</summary>
    [JsonRequired]
    public string BackupSchedule { get; init; } = string.Empty;

    /// <summary>Daily backups kept.</summary>
    [JsonRequired]
    public int RetentionDaily { get; init; }

    /// <summary>Weekly backups kept.</summary>
    [JsonRequired]
    public int RetentionWeekly { get; init; }

    /// <summary>Monthly backups kept.</summary>
    [JsonRequired]
    public int RetentionMonthly { get; init; }

    /// <summary>Days between a failed payment and the suspension.</summary>
    [JsonRequired]
    public int GraceDays { get; init; }

    /// <summary>Days for which a new tenant is free; it expires after them unless it is paid. 0: no trial.</summary>
    public int TrialDays { get; init; }

    /// <summary>True if the next period begins before it is paid, for a month at most; false makes the subscription past due.</summary>
    public bool AutoRenew { get; init; }

    /// <summary>Where its tenants stand, unless the order says; the offer's if null.</summary>
    public string? Region { get; init; }

    /// <summary>Labels that its tenants' servers must have, beside those of order and offer.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>How many of its server's places a tenant takes, unless the order says; the offer's if null.</summary>
    public int? Size { get; init; }

    /// <summary>Modules that its tenants may activate, by their technical names, with what these depend on; all of them if null.</summary>
    public IReadOnlyList<string>? AllowedModules { get; init; }

    /// <summary>True if an operator enters a tenant's application only after the customer has consented.</summary>
    public bool SupportConsent { get; init; }

    /// <summary>False closes it for new orders; tenants that have it keep it.</summary>
    public bool Active { get; init; } = true;
}

/// <summary>A plan to add.</summary>
public sealed record NewPlan : PlanFields
{
    /// <summary>Names it for good: a lower-case letter, then up to 62 lower-case letters, digits and hyphens.</summary>
    public required string Code { get; init; }

    /// <summary>Why; recorded with version 1.</summary>
    public string? Reason { get; init; }
}

/// <summary>A plan in one of its versions.</summary>
public sealed record Plan : PlanFields, ICatalogueItem
{
    public string Code { get; init; } = string.Empty;
    public int Version { get; init; }
    public string ChangedBy { get; init; } = string.Empty;
    public string Reason { get; init; } = string.Empty;
    public DateTimeOffset ChangedAt { get; init; }
    public DateTimeOffset? RemovedAt { get; init; }

    /// <summary>The periods for which a plan is paid.</summary>
    public static IReadOnlyList<string> Periods { get; } = ["monthly", "yearly"];

    /// <summary>How often its tenants are backed up.</summary>
    public static IReadOnlyList<string> Schedules { get; } = ["daily", "weekly"];
}
