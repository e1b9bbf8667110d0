using System.Text.Json;
using System.Text.Json.Serialization;

namespace Bibind.Contracts;

/// <summary>How a tenant of an offer is upgraded.</summary>
public static class UpgradeKinds
{
    /// <summary>The application's own program: <c>odoo-bin -d DATABASE -u MODULES --stop-after-init</c>.</summary>
    public const string OdooBin = "odoo-bin";

    /// <summary>Statements, in one transaction, with the rights of the database's owner.</summary>
    public const string Sql = "sql";

    /// <summary>The application's server, asked by RPC to upgrade modules.</summary>
    public const string Rpc = "rpc";

    /// <summary>Every kind there is.</summary>
    public static IReadOnlyList<string> All { get; } = [OdooBin, Sql, Rpc];
}

/// <summary>The kinds of the backups that an upgrade takes.</summary>
public static class UpgradeBackups
{
    /// <summary>What the tenant was before.</summary>
    public const string Safety = "upgrade";

    /// <summary>What the copy is made of in which it is rehearsed.</summary>
    public const string Rehearsal = "rehearsal";
}

/// <summary>A release of an application, and what brings a tenant's database to it. It is given to the job and never changes.</summary>
public sealed record ApplicationRelease
{
    /// <summary>How long an upgrade may take unless it is said, in minutes.</summary>
    public const int UsualLimitMinutes = 30;

    /// <summary>Such as <c>19.0-20261101</c>; what the tenant has afterwards.</summary>
    public required string Version { get; init; }

    /// <summary>One of <see cref="UpgradeKinds"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>The modules that are upgraded; not for <c>sql</c>.</summary>
    public IReadOnlyList<string> Modules { get; init; } = [];

    /// <summary>What is run, in this order; for <c>sql</c> only.</summary>
    public IReadOnlyList<string> Statements { get; init; } = [];

    /// <summary>How long the upgrade itself may take, in minutes.</summary>
    public int LimitMinutes { get; init; } = UsualLimitMinutes;
}

/// <summary>When a tenant may be closed, every day or on some.</summary>
public sealed record MaintenanceWindow
{
    public required TimeOnly From { get; init; }

    /// <summary>Before <see cref="From"/> for one that goes over midnight.</summary>
    public required TimeOnly Until { get; init; }

    /// <summary>The days on which it begins; all unless given.</summary>
    public IReadOnlyList<DayOfWeek> Days { get; init; } = [];

    /// <summary>Name in the IANA database of the zone whose clocks count; UTC unless given.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TimeZone { get; init; }

    /// <summary>From JSON text; null for none.</summary>
    public static MaintenanceWindow? FromJson(string? json) => json is null ? null : JsonSerializer.Deserialize<MaintenanceWindow>(json, JsonSerializerOptions.Web);

    /// <summary>JSON text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    /// <summary>The first moment at or after the given one that lies in it.</summary>
    /// <param name="moment">UTC.</param>
    /// <returns>UTC.</returns>
    /// <exception cref="TimeZoneNotFoundException">This machine does not know the zone.</exception>
    public DateTime Next(DateTime moment)
    {
        const int LongestSearch = 8;
        var zone = TimeZone is null ? TimeZoneInfo.Utc : TimeZoneInfo.FindSystemTimeZoneById(TimeZone);
        var today = TimeZoneInfo.ConvertTimeFromUtc(moment, zone).Date;

        // The one that began yesterday may still be open.
        for (var day = -1; day <= LongestSearch; day++)
        {
            var local = today.AddDays(day) + From.ToTimeSpan();
            var begins = ToUtc(local, zone);
            var ends = ToUtc(today.AddDays(Until > From ? day : day + 1) + Until.ToTimeSpan(), zone);
            if (moment < ends && (Days.Count == 0 || Days.Contains(local.DayOfWeek)))
            {
                return begins > moment ? begins : moment;
            }
        }

        return moment;
    }

    // What the clocks pass over in spring is when they show the next hour.
    private static DateTime ToUtc(DateTime local, TimeZoneInfo zone) =>
        TimeZoneInfo.ConvertTimeToUtc(zone.IsInvalidTime(local) ? local.AddHours(1) : local, zone);
}

/// <summary>
/// A tenant that is to be upgraded. Whoever calls the orchestrator as a child gives it <see cref="JobId"/> as the instance's id; the job
/// is opened by the first step unless it is there.
/// </summary>
public sealed record UpgradeTenantInput
{
    public required long TenantId { get; init; }

    /// <summary>The job's id, which is the instance's.</summary>
    public required string JobId { get; init; }
    public required string Code { get; init; }
    public required ApplicationRelease Release { get; init; }

    /// <summary>True for the rehearsal only: the tenant is not touched.</summary>
    public bool DryRun { get; init; }

    /// <summary>When the tenant may be closed at the earliest, UTC; the rehearsal comes before.</summary>
    public DateTime? NotBefore { get; init; }

    /// <summary>When the tenant may be closed; at any time if null.</summary>
    public MaintenanceWindow? Window { get; init; }
    public required string RequestedBy { get; init; }
    public required string Reason { get; init; }

    /// <summary>The rollout that it is part of, as its rows name it; null for one that was ordered alone.</summary>
    public string? Rollout { get; init; }

    /// <summary>True if the orchestration of this upgrade was ended from outside, and whatever it did is to be undone.</summary>
    public bool IsUndo { get; init; }
}

/// <summary>How an upgrade ended.</summary>
public static class UpgradeOutcomes
{
    /// <summary>The tenant has the release.</summary>
    public const string Upgraded = "upgraded";

    /// <summary>A dry run went well.</summary>
    public const string Rehearsed = "rehearsed";

    /// <summary>The upgrade was not begun: not active, held by another job, or something is missing. The tenant was not touched.</summary>
    public const string Refused = "refused";

    /// <summary>The rehearsal failed: the tenant was not touched.</summary>
    public const string RehearsalFailed = "rehearsal-failed";

    /// <summary>It failed, and the tenant is open as it was before.</summary>
    public const string RolledBack = "rolled-back";

    /// <summary>It failed, and the tenant is suspended because it could not be brought back: the reason names the backup.</summary>
    public const string Failed = "failed";

    /// <summary>Every outcome there is.</summary>
    public static IReadOnlyList<string> All { get; } = [Upgraded, Rehearsed, Refused, RehearsalFailed, RolledBack, Failed];
}

/// <summary>How long a step took.</summary>
/// <param name="Name">Such as <c>rehearsal.copy</c> or <c>backup</c>.</param>
/// <param name="Milliseconds">By the orchestration's clock, waits for retries included.</param>
public sealed record UpgradeStep(string Name, long Milliseconds);

/// <summary>How an upgrade ended. The orchestrator answers it for failures too; it throws for nothing that concerns the tenant.</summary>
public sealed record UpgradeTenantResult
{
    public required string Code { get; init; }
    public required string JobId { get; init; }

    /// <summary>One of <see cref="UpgradeOutcomes"/>.</summary>
    public required string Outcome { get; init; }

    /// <summary>The release that was asked for.</summary>
    public required string Version { get; init; }

    /// <summary>What the tenant had before; null if nobody recorded it.</summary>
    public string? PreviousVersion { get; init; }

    /// <summary>Why it did not go well, and in what state the tenant is, in words.</summary>
    public string? Reason { get; init; }

    /// <summary>The backup of what it was before; null if none is kept.</summary>
    public string? SafetyBackupId { get; init; }

    /// <summary>Until when it is kept unless it is confirmed before.</summary>
    public DateTimeOffset? SafetyKeptUntil { get; init; }

    /// <summary>For how long visitors were shown a page instead of the application, in milliseconds.</summary>
    public long OutageMs { get; init; }
    public IReadOnlyList<UpgradeStep> Steps { get; init; } = [];
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>What was left of the rehearsal.</summary>
    public Inventory? Inventory { get; init; }

    /// <summary>True if the tenant has the release, or a dry run went well.</summary>
    public bool Succeeded => Outcome is UpgradeOutcomes.Upgraded or UpgradeOutcomes.Rehearsed;
}

/// <summary>An upgrade that is to be taken back: the tenant becomes what its safety backup holds.</summary>
public sealed record RollBackUpgradeInput
{
    public required long TenantId { get; init; }

    /// <summary>The job's id, which is the instance's.</summary>
    public required string JobId { get; init; }
    public required string Code { get; init; }

    /// <summary>The upgrade, by its job.</summary>
    public required string UpgradeJobId { get; init; }
    public required string RequestedBy { get; init; }
    public required string Reason { get; init; }
}

/// <summary>How the taking back of an upgrade ended; <see cref="UpgradeTenantResult.Outcome"/> is one of rolled-back, refused and failed.</summary>
public sealed record RollBackUpgradeResult
{
    public required string Code { get; init; }
    public required string JobId { get; init; }
    public required string Outcome { get; init; }

    /// <summary>What the tenant has now; null if nobody recorded it.</summary>
    public string? Version { get; init; }
    public string? Reason { get; init; }
    public long OutageMs { get; init; }
    public IReadOnlyList<string> Notes { get; init; } = [];
}
