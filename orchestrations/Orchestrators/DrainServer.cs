using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Empties a server: moves its tenants, one after the other and a few at once, until none is left or none can be moved.</summary>
public sealed class DrainServer : TaskOrchestrator<DrainServerOrder, DrainRound>
{
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public override async Task<DrainRound> RunAsync(TaskOrchestrationContext context, DrainServerOrder order)
    {
        var round = await context.CallActivityAsync(Moves.DrainNext, order);
        if (round.IsOver)
        {
            await context.CallActivityAsync(Moves.EndDrain, new DrainEnd(order, round));
            return round;
        }

        await context.CreateTimer(Rest);
        context.ContinueAsNew(order);
        return round;
    }
}
