using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Looks from time to time for what was left behind, for ever.</summary>
public sealed class Sweep : TaskOrchestrator<SweepOrder, Nothing>
{
    /// <inheritdoc/>
    public override async Task<Nothing> RunAsync(TaskOrchestrationContext context, SweepOrder order)
    {
        await TryAsync(() => context.CallActivityAsync(Tenants.Sweep, order));
        await context.CreateTimer(order.Every);

        // Behind the timer, where an instance that slept when this was new finds them too.
        await TryAsync(() => context.CallActivityAsync(Routing.Repair, Nothing.Value));
        await TryAsync(() => context.CallActivityAsync(Backup.SweepTrials, Nothing.Value));
        await TryAsync(() => context.CallActivityAsync(Storage.FollowQuotas, Nothing.Value));
        context.ContinueAsNew(order);
        return Nothing.Value;
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
