using Bibind.Contracts;
using Bibind.ControlPlane.Rollouts;
using Bibind.Durable;
using Bibind.Durable.Client;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Bibind.Activities.Rollouts;

/// <summary>
/// One round of a rollout: records what has ended, lets the store decide whether it goes on, and starts the next tenants' jobs. Whatever was
/// done before a crash is found done.
/// </summary>
public sealed class AdvanceRollout(IRolloutProgress rollouts, DurableTaskClient client, TimeProvider time) : TaskActivity<RunRolloutOrder, RolloutRound>
{
    // Nothing happens by itself: somebody steers it, which wakes it up, or a lost wake-up is made good by this.
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(5);

    /// <inheritdoc/>
    public override async Task<RolloutRound> RunAsync(TaskActivityContext context, RunRolloutOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        var cancellationToken = context.CancellationToken;
        await RecordEndsAsync(context, order);
        await context.EnsureLeaseHeldAsync();
        var standing = await rollouts.DecideAsync(order, cancellationToken);
        var started = 0;
        foreach (var tenantId in standing.Next)
        {
            await context.EnsureLeaseHeldAsync();
            started += await rollouts.StartAsync(order, tenantId, cancellationToken) ? 1 : 0;
        }

        var running = standing.Running + started;
        var wait = running > 0 ? order.Every
            : standing.State != RolloutStates.Running || standing.Pending == 0 ? Idle
            : standing.OpensAt - time.GetUtcNow().UtcDateTime is { } opensIn && opensIn > TimeSpan.Zero ? Shorter(opensIn, Idle)
            : order.Every;
        return new RolloutRound(standing.State, running, standing.Pending - started, standing.IsOver, wait);
    }

    private async Task RecordEndsAsync(TaskActivityContext context, RunRolloutOrder order)
    {
        var running = await rollouts.ListRunningAsync(order.RolloutId, context.CancellationToken);
        if (running.Count == 0)
        {
            return;
        }

        var states = await client.GetStatesAsync([.. running.Select(t => t.JobId!)], context.CancellationToken);
        foreach (var tenant in running)
        {
            if (TenantEnds.Of(tenant, states.GetValueOrDefault(tenant.JobId!), time.GetUtcNow()) is { } end)
            {
                await context.EnsureLeaseHeldAsync();
                await rollouts.EndTenantAsync(order.RolloutId, end, context.CancellationToken);
            }
        }
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
