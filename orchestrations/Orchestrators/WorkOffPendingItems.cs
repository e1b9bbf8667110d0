using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Does from time to time what tenants still lack, for ever; once for all machines.</summary>
public sealed class WorkOffPendingItems : TaskOrchestrator<PendingRound, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskOrchestrationContext context, PendingRound round)
    {
        await context.CreateTimer(round.Wait);
        PendingRound next;
        try
        {
            next = await context.CallActivityAsync(Tenants.WorkOffPending, Unit.Value);
        }
        catch (TaskFailedException)
        {
            // Each attempt was logged; the next round is the remedy.
            next = round;
        }

        context.ContinueAsNew(next);
        return Unit.Value;
    }
}
