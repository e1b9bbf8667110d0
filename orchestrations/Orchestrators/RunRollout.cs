using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>
/// Carries a rollout on, round by round. Each round begins a history of its own, so that it stays small whatever the number of tenants;
/// all that is known of them stands in the control database.
/// </summary>
public sealed class RunRollout : TaskOrchestrator<RunRolloutOrder, RolloutRound>
{
    private static readonly TimeSpan Rest = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    public override async Task<RolloutRound> RunAsync(TaskOrchestrationContext context, RunRolloutOrder order)
    {
        RolloutRound? round = null;
        try
        {
            round = await context.CallActivityAsync(Rollouts.Advance, order);
        }
        catch (TaskFailedException)
        {
            // Each attempt was logged; the next round is the remedy.
        }

        if (round is { IsOver: true })
        {
            return round;
        }

        try
        {
            await context.WaitForExternalEvent<Unit>(Rollouts.SteerEvent, round?.Wait ?? Rest);
        }
        catch (OperationCanceledException)
        {
            // Nobody steered: it is time for the next round.
        }

        context.ContinueAsNew(order);
        return round ?? new RolloutRound("unknown", 0, 0, IsOver: false, Rest);
    }
}
