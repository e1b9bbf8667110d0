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
        // What fails is gone about again in the next round.
        await Persistence.TryAsync(() => context.CallActivityAsync(Tenants.Sweep, order));
        await context.CreateTimer(order.Every);

        // Behind the timer, where an instance that slept when this was new finds them too.
        await Persistence.TryAsync(() => context.CallActivityAsync(Routing.Repair, Unit.Value));
        await Persistence.TryAsync(() => context.CallActivityAsync(Backup.SweepTrials, Unit.Value));
        await Persistence.TryAsync(() => context.CallActivityAsync(Storage.FollowQuotas, Unit.Value));
        await Persistence.TryAsync(() => context.CallActivityAsync(Moves.RemoveDue, Unit.Value));
        await Persistence.TryAsync(() => context.CallActivityAsync(Upgrades.Sweep, Unit.Value));
        await Persistence.TryAsync(() => context.CallActivityAsync(Tenants.SweepJobs, Unit.Value));
        context.ContinueAsNew(order);
        return Unit.Value;
    }
}
