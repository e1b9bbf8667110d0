using Bibind.Activities.Database.Lifecycle;
using Bibind.Activities.Inventory;
using Bibind.Contracts;
using Bibind.ControlPlane.Moves;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Moves;

/// <summary>Makes the target of a move the tenant's server.</summary>
public sealed class SwitchMove(MoveLifecycle moves) : TaskActivity<MoveTenantOrder, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, MoveTenantOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        await moves.SwitchAsync(order.JobId, toTarget: true, context.CancellationToken);
        return Unit.Value;
    }
}

/// <summary>Makes the source of a move the tenant's server again.</summary>
public sealed class SwitchMoveBack(MoveLifecycle moves) : TaskActivity<MoveTenantOrder, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, MoveTenantOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        await moves.SwitchAsync(order.JobId, toTarget: false, context.CancellationToken);
        return Unit.Value;
    }
}

/// <summary>Ends a move.</summary>
public sealed class EndMove(MoveLifecycle moves) : TaskActivity<MoveEnd, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, MoveEnd end)
    {
        ArgumentNullException.ThrowIfNull(context);
        await moves.EndAsync(end, context.CancellationToken);
        return Unit.Value;
    }
}

/// <summary>Asks a server what is left of a copy on it: what names a tenant elsewhere, its records and certificates, is the tenant's.</summary>
public sealed class TakeCopyInventory(TakeInventory inventory) : TaskActivity<MovedCopy, Contracts.Inventory>
{
    private static readonly string[] OnTheServer = ["database", "role", "pooler-entry", "file-store"];

    /// <inheritdoc/>
    public override async Task<Contracts.Inventory> RunAsync(TaskActivityContext context, MovedCopy copy)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(copy);
        var all = await inventory.LookAsync(new InventoryRequest(copy.Place!, KeepBackups: true), context.CancellationToken);
        return new Contracts.Inventory
        {
            Items = [.. all.Items.Where(i => OnTheServer.Contains(i.Kind) && !(copy.SharesFiles && i.Kind == "file-store"))],
        };
    }
}

/// <summary>Finds the copy that is to be removed.</summary>
public sealed class BeginCopyRemoval(MoveStore moves, MovePlaces places) : TaskActivity<RemoveMovedCopyOrder, MovedCopy>
{
    /// <inheritdoc/>
    public override async Task<MovedCopy> RunAsync(TaskActivityContext context, RemoveMovedCopyOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        var move = await moves.FindAsync(order.MoveId, context.CancellationToken)
            ?? throw new PermanentFailureException($"There is no move {order.MoveId} in the control database.");
        return await places.CopyOfAsync(move, order.JobId, context.CancellationToken);
    }
}

/// <summary>Ends the removal of a copy.</summary>
public sealed class EndCopyRemoval(MoveLifecycle moves) : TaskActivity<MovedCopyEnd, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, MovedCopyEnd end)
    {
        ArgumentNullException.ThrowIfNull(context);
        await moves.EndRemovalAsync(end, context.CancellationToken);
        return Unit.Value;
    }
}

/// <summary>Closes a drain.</summary>
public sealed class EndDrain(DrainStore drains) : TaskActivity<Contracts.DrainEnd, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, Contracts.DrainEnd end)
    {
        ArgumentNullException.ThrowIfNull(context);
        await drains.EndAsync(end, context.CancellationToken);
        return Unit.Value;
    }
}
