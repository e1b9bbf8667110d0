using Bibind.Contracts;

namespace Bibind.ControlPlane.Suspensions;

/// <summary>What became of the wish to suspend a tenant, to open it, or to give it another plan.</summary>
public abstract record SuspensionResult
{
    private SuspensionResult()
    {
    }

    /// <summary>The job that suspends is open; its orchestration is the caller's to start in the same transaction.</summary>
    public sealed record Suspending(SuspendTenantOrder Order) : SuspensionResult;

    /// <summary>The job that opens is open.</summary>
    public sealed record Lifting(LiftSuspensionOrder Order) : SuspensionResult;

    /// <summary>A failed restore left it suspended, and nobody else did: the job that completes the restore opens it.</summary>
    public sealed record LeftByRestore : SuspensionResult;

    /// <summary>The tenant has the plan, and the job that tells the object store is open.</summary>
    public sealed record PlanChanging(ChangePlanOrder Order, string TenantState) : SuspensionResult;

    /// <summary>There is no such tenant.</summary>
    public sealed record NotFound : SuspensionResult;

    /// <summary>A job that changes the tenant is in the way.</summary>
    public sealed record JobRunning(string JobId) : SuspensionResult;

    /// <summary>It is suspended already.</summary>
    public sealed record AlreadySuspended(string Cause, DateTimeOffset Since) : SuspensionResult;

    /// <summary>Its provider suspended it, and who asks may not lift that.</summary>
    public sealed record ByProvider : SuspensionResult;

    /// <summary>It is open.</summary>
    public sealed record NotSuspended : SuspensionResult;

    /// <summary>The tenant's state leaves no way.</summary>
    public sealed record NotActive(string State) : SuspensionResult;

    /// <summary>There is no such plan.</summary>
    public sealed record UnknownPlan(string Plan, IReadOnlyList<string> Known) : SuspensionResult;

    /// <summary>The plan is closed for new orders.</summary>
    public sealed record PlanClosed(string Plan) : SuspensionResult;

    /// <summary>It has the newest version of the plan already.</summary>
    public sealed record SamePlan(string Plan, int Version) : SuspensionResult;
}
