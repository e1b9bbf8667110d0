using Bibind.Activities.Database.Lifecycle;
using Bibind.Contracts;
using Bibind.ControlPlane.Moves;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Moves;

/// <summary>Begins a move: from here on no other job changes the tenant, and its place at the target is held.</summary>
public sealed class BeginMove(MoveOpening opening, MovePlaces places) : TaskActivity<MoveTenantOrder, MoveBegun>
{
    /// <inheritdoc/>
    public override async Task<MoveBegun> RunAsync(TaskActivityContext context, MoveTenantOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        try
        {
            var move = await opening.BeginAsync(order.JobId, context.CancellationToken);
            return move.State == MoveStates.Moving ? await places.OfAsync(move, context.CancellationToken) : new MoveBegun();
        }
        catch (MoveWaitsException waits)
        {
            throw new TransientFailureException(waits.Message);
        }
    }
}
