using System.Text.Json;
using Bibind.Contracts;

namespace Bibind.ControlPlane.Rollouts;

/// <summary>A change that reaches the tenants of an offer in waves.</summary>
public sealed record Rollout
{
    public long Id { get; init; }
    public string JobId { get; init; } = string.Empty;
    public string Offer { get; init; } = string.Empty;

    /// <summary>What the tenants have afterwards.</summary>
    public string Version { get; init; } = string.Empty;

    /// <summary>JSON text of an <see cref="ApplicationRelease"/>.</summary>
    public string Release { get; init; } = string.Empty;

    /// <summary>JSON text of a <see cref="RolloutFilter"/>.</summary>
    public string Filter { get; init; } = string.Empty;

    /// <summary>JSON text of a <see cref="MaintenanceWindow"/> for tenants that have none of their own; null if they may be closed at any time.</summary>
    public string? TimeWindow { get; init; }

    /// <summary>Tenants that are upgraded at once.</summary>
    public int MaxConcurrent { get; init; }

    /// <summary>Tenants that belong to a wave.</summary>
    public int Tenants { get; init; }

    /// <summary>Tenants that were passed over when it began.</summary>
    public int PassedOver { get; init; }

    /// <summary>One of <see cref="RolloutStates"/>.</summary>
    public string State { get; init; } = string.Empty;

    /// <summary>Why it is in that state, in words; null if nobody said.</summary>
    public string? StateReason { get; init; }

    /// <summary>How many orchestrations have carried it on.</summary>
    public int Runs { get; init; } = 1;

    /// <summary>Why it was ordered.</summary>
    public string Reason { get; init; } = string.Empty;
    public string RequestedBy { get; init; } = string.Empty;
    public DateTimeOffset RequestedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>The orchestration that carries it on.</summary>
    public string Instance => Runs == 1 ? JobId : FormattableString.Invariant($"{JobId}-run-{Runs}");

    /// <summary>What is brought to the tenants.</summary>
    public ApplicationRelease ReadRelease() => Read<ApplicationRelease>(Release)!;

    /// <summary>Which tenants were chosen.</summary>
    public RolloutFilter ReadFilter() => Read<RolloutFilter>(Filter)!;

    /// <summary>When tenants that have no window of their own may be closed; null if at any time.</summary>
    public MaintenanceWindow? ReadWindow() => MaintenanceWindow.FromJson(TimeWindow);

    internal static string? Write<T>(T? value)
        where T : class => value is null ? null : JsonSerializer.Serialize(value, JsonSerializerOptions.Web);

    private static T? Read<T>(string json) => JsonSerializer.Deserialize<T>(json, JsonSerializerOptions.Web);
}

/// <summary>The states of a rollout.</summary>
public static class RolloutStates
{
    public const string Running = "running";

    /// <summary>Somebody wants no further tenant to be begun for now.</summary>
    public const string Paused = "paused";

    /// <summary>A wave failed more than its limit.</summary>
    public const string Halted = "halted";

    /// <summary>It is called off, and waits for the end of what had begun.</summary>
    public const string Cancelling = "cancelling";
    public const string Completed = "completed";
    public const string Cancelled = "cancelled";

    /// <summary>Every state there is.</summary>
    public static IReadOnlyList<string> All { get; } = [Running, Paused, Halted, Cancelling, Completed, Cancelled];
}

/// <summary>The states of a tenant in a rollout.</summary>
public static class RolloutTenantStates
{
    public const string Pending = "pending";
    public const string Running = "running";
    public const string Succeeded = "succeeded";

    /// <summary>Its upgrade failed: before the tenant was touched, or so that it is closed. The reason says which.</summary>
    public const string Failed = "failed";

    /// <summary>It is what it was before: its upgrade failed, or somebody took it back.</summary>
    public const string RolledBack = "rolled_back";

    /// <summary>It is not upgraded; the reason says why.</summary>
    public const string Skipped = "skipped";

    /// <summary>It waits until somebody releases it.</summary>
    public const string Held = "held";

    /// <summary>Every state there is.</summary>
    public static IReadOnlyList<string> All { get; } = [Pending, Running, Succeeded, Failed, RolledBack, Skipped, Held];
}

/// <summary>Which tenants of the offer a rollout is for; what is null or empty means any.</summary>
public sealed record RolloutFilter
{
    public string? Template { get; init; }
    public string? Server { get; init; }

    /// <summary>Labels that the tenant's server has.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Codes of tenants.</summary>
    public IReadOnlyList<string> Codes { get; init; } = [];

    /// <summary>Codes of tenants that belong to the first wave, whatever its size.</summary>
    public IReadOnlyList<string> Canaries { get; init; } = [];
}

/// <summary>A wave as it is ordered: a number of tenants, or a share of all with those of the waves before.</summary>
public sealed record WaveWish
{
    public int? Count { get; init; }
    public int? Percent { get; init; }

    /// <summary>Failures up to which the rollout goes on; null if <see cref="MaxFailuresPercent"/> says.</summary>
    public int? MaxFailures { get; init; }

    /// <summary>The same in per cent of the wave's tenants.</summary>
    public int? MaxFailuresPercent { get; init; }
}

/// <summary>A version of a template whose changes are rolled out.</summary>
/// <param name="Template">Code of the template.</param>
/// <param name="Server">The server that has it.</param>
/// <param name="Number">Of the version.</param>
public sealed record RolledOutVersion(string Template, string Server, int Number);

/// <summary>A rollout to open.</summary>
public sealed record NewRollout
{
    public required string Offer { get; init; }

    /// <summary>Null if the version of a template says it.</summary>
    public ApplicationRelease? Release { get; init; }
    public RolledOutVersion? TemplateVersion { get; init; }
    public RolloutFilter Filter { get; init; } = new();
    public required IReadOnlyList<WaveWish> Waves { get; init; }
    public required int MaxConcurrent { get; init; }
    public MaintenanceWindow? Window { get; init; }
    public required string Reason { get; init; }
    public required string RequestedBy { get; init; }
}

/// <summary>A wave and how its tenants stand.</summary>
public sealed record RolloutWave
{
    public int Number { get; init; }
    public int? Count { get; init; }
    public int? Percent { get; init; }
    public int? MaxFailures { get; init; }
    public int? MaxFailuresPercent { get; init; }
    public int Members { get; init; }
    public int Forgiven { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public int Pending { get; init; }
    public int Running { get; init; }
    public int Succeeded { get; init; }
    public int Failed { get; init; }
    public int RolledBack { get; init; }
    public int Skipped { get; init; }
    public int Held { get; init; }

    /// <summary>Failures that count against the limit.</summary>
    public int Failures { get; init; }

    /// <summary>The most failures that it may have.</summary>
    public int Limit => MaxFailures ?? (Members * (MaxFailuresPercent ?? 0) / 100);

    /// <summary>True if it has failed more than its limit since somebody last went on in spite of it.</summary>
    public bool IsExceeded => Failures - Forgiven > Limit;
}

/// <summary>A tenant in a rollout.</summary>
public sealed record RolloutTenant
{
    public long TenantId { get; init; }
    public string Code { get; init; } = string.Empty;

    /// <summary>Null if it was passed over when the rollout began.</summary>
    public int? Wave { get; init; }

    /// <summary>One of <see cref="RolloutTenantStates"/>.</summary>
    public string State { get; init; } = string.Empty;

    /// <summary>Why it failed, was skipped or is held, in words.</summary>
    public string? Reason { get; init; }

    /// <summary>The job that upgrades it or takes it back, or did last.</summary>
    public string? JobId { get; init; }

    /// <summary>The upgrade that could be taken back.</summary>
    public string? UpgradeJobId { get; init; }

    /// <summary>True if the job takes it back.</summary>
    public bool IsRollback { get; init; }

    /// <summary>JSON text of the tenant's own window; null if it has none.</summary>
    public string? MaintenanceWindow { get; init; }
    public int Attempts { get; init; }
    public int Refusals { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public long? OutageMs { get; init; }
}

/// <summary>Something that was done to a rollout, or that it did.</summary>
public sealed record RolloutChange
{
    /// <summary>The tenant's code; null if it is about the rollout.</summary>
    public string? Tenant { get; init; }
    public string Action { get; init; } = string.Empty;
    public string ChangedBy { get; init; } = string.Empty;
    public string Reason { get; init; } = string.Empty;
    public DateTimeOffset ChangedAt { get; init; }
}
