using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Fills and drains the pools of one server until there is nothing to do; a timer starts it again.</summary>
public sealed class KeepWarmPools : TaskOrchestrator<WarmPoolOrder, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskOrchestrationContext context, WarmPoolOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            var plan = await context.CallActivityAsync(WarmPools.Plan, order);
            var work = plan.Fill.Select(entry => (Task)context.CallActivityAsync(WarmPools.Fill, entry)).ToList();
            if (plan.Drop.Count > 0)
            {
                work.Add(context.CallActivityAsync(WarmPools.Drop, plan.Drop));
            }

            await Branches.SettleAsync([.. work]);
            if (plan.Wait is not { } wait)
            {
                return Unit.Value;
            }

            if (wait > TimeSpan.Zero)
            {
                await context.CreateTimer(wait);
            }
        }
        catch (TaskFailedException)
        {
            // Each attempt was logged; the timer begins anew.
            return Unit.Value;
        }

        context.ContinueAsNew(order);
        return Unit.Value;
    }
}
