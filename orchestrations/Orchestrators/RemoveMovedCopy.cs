using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Removes what a move left on a server that the tenant does not live on, and proves that it is gone.</summary>
public sealed class RemoveMovedCopy : TaskOrchestrator<RemoveMovedCopyOrder, Inventory>
{
    /// <inheritdoc/>
    public override async Task<Inventory> RunAsync(TaskOrchestrationContext context, RemoveMovedCopyOrder order)
    {
        var inventory = new Inventory();
        string? reason = null;
        try
        {
            var copy = await context.CallActivityAsync(Moves.BeginRemoval, order);
            inventory = copy.Place is null ? inventory : await MoveTenant.DropAsync(context, copy);
        }
        catch (TaskFailedException failure)
        {
            reason = failure.Reason;
            inventory = Inventories.Unknown(order.Code, reason);
        }

        await context.CallActivityAsync(Moves.EndRemoval, new MovedCopyEnd { MoveId = order.MoveId, JobId = order.JobId, Inventory = inventory, Reason = reason });
        return inventory;
    }
}
