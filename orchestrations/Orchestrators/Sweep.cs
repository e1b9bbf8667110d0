using Bibind.Contracts;
using Bibind.Durable;

namespace Bibind.Orchestrators;

/// <summary>Looks from time to time for what was left behind, for ever.</summary>
public sealed class Sweep : TaskOrchestrator<SweepOrder, Nothing>
{
    /// <inheritdoc/>
    public override async Task<Nothing> RunAsync(TaskOrchestrationContext context, SweepOrder order)
    {
        try
        {
            await context.CallActivityAsync(Tenants.Sweep, order);
        }
        catch (TaskFailedException)
        {
            // Each attempt was logged; the next round is the remedy.
        }

        await context.CreateTimer(order.Every);
        context.ContinueAsNew(order);
        return Nothing.Value;
    }
}
