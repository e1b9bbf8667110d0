using Bibind.Durable;

namespace Bibind.Contracts;

/// <summary>A tenant that has another plan, whose bucket is to follow.</summary>
public sealed record ChangePlanOrder
{
    public required long TenantId { get; init; }
    public required string JobId { get; init; }
    public required string Code { get; init; }
    public required string Plan { get; init; }
    public required int PlanVersion { get; init; }
    public required string FormerPlan { get; init; }
    public required int FormerPlanVersion { get; init; }

    /// <summary>What the tenant uses above the plan, in words.</summary>
    public IReadOnlyList<string> Exceeded { get; init; } = [];
}

/// <summary>A tenant that has another plan.</summary>
public sealed record PlanChanged
{
    public required string Code { get; init; }
    public required string Plan { get; init; }
    public required int PlanVersion { get; init; }
    public required string FormerPlan { get; init; }
    public required int FormerPlanVersion { get; init; }
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>How a change of plan ended.</summary>
public sealed record PlanChangeEnd(string JobId, PlanChanged Result);

/// <summary>Changes of plan. The tenant has the plan from the order on: limits, schedule and retention are read there whenever they are needed.</summary>
public static class PlanChanges
{
    /// <summary>Gives the tenant's bucket the quota of its plan.</summary>
    public static readonly ActivityDefinition<TenantJob, Unit> FollowQuota = new("plans.follow_quota", Policies.Brief);
    public static readonly ActivityDefinition<PlanChangeEnd, Unit> End = new("plans.end_change", Policies.Undo);
}
