using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Gives a tenant's bucket the quota of the plan that it has by now. An object store that does not answer is no reason against the plan: the sweep gives it later.</summary>
public sealed class ChangePlan : TaskOrchestrator<ChangePlanOrder, PlanChanged>
{
    /// <inheritdoc/>
    public override async Task<PlanChanged> RunAsync(TaskOrchestrationContext context, ChangePlanOrder order)
    {
        var failure = await Persistence.TryAsync(() => context.CallActivityAsync(PlanChanges.FollowQuota, new TenantJob(order.TenantId, order.JobId)));
        var result = new PlanChanged
        {
            Code = order.Code,
            Plan = order.Plan,
            PlanVersion = order.PlanVersion,
            FormerPlan = order.FormerPlan,
            FormerPlanVersion = order.FormerPlanVersion,
            Notes = failure is null
                ? order.Exceeded
                : [.. order.Exceeded, $"The bucket has the quota of before, and gets the plan's with the next sweep: {failure.Reason}"],
        };
        await context.CallActivityAsync(PlanChanges.End, new PlanChangeEnd(order.JobId, result));
        return result;
    }
}
