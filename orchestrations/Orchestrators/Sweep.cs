using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Looks from time to time for what was left behind, for ever.</summary>
public sealed class Sweep : TaskOrchestrator<SweepOrder, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskOrchestrationContext context, SweepOrder order)
    {
        await TryAsync(() => context.CallActivityAsync(Tenants.Sweep, order));
        await context.CreateTimer(order.Every);

        // Behind the timer, where an instance that slept when this was new finds them too.
        await TryAsync(() => context.CallActivityAsync(Routing.Repair, Unit.Value));
        await TryAsync(() => context.CallActivityAsync(Backup.SweepTrials, Unit.Value));
        await TryAsync(() => context.CallActivityAsync(Storage.FollowQuotas, Unit.Value));
        await TryAsync(() => context.CallActivityAsync(Moves.RemoveDue, Unit.Value));
        await TryAsync(() => context.CallActivityAsync(Upgrades.Sweep, Unit.Value));
        context.ContinueAsNew(order);
        return Unit.Value;
    }

    private static async Task TryAsync(Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (TaskFailedException)
        {
            // Each attempt was logged; the next round is the remedy.
        }
    }
}
