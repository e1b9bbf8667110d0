using Bibind.Activities.Pools;
using Bibind.Contracts;
using Bibind.ControlPlane.Pools;
using Bibind.Durable;
using Bibind.Functions.Triggers;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Timers;

/// <summary>
/// Starts what fills and drains the pools of each server that needs it. What runs already goes on, whoever started it, so that every machine
/// may do this at every tick.
/// </summary>
internal sealed class KeepPools(
    DurableTaskClient client, WarmPoolViews pools, IOptions<WarmPoolOptions> options, IOptions<TimerOptions> timers, ILogger<KeepPools> logger) : ITimerFunction
{
    // What no row is known of is looked for once an hour.
    private const int MinuteOfLook = 7;

    private static readonly OrchestrationRuntimeStatus[] Ended =
        [OrchestrationRuntimeStatus.Completed, OrchestrationRuntimeStatus.Failed, OrchestrationRuntimeStatus.Terminated];

    public async Task RunAsync(TimerTick tick, CancellationToken cancellationToken)
    {
        if (!options.Value.Enabled || !timers.Value.Sweep)
        {
            return;
        }

        foreach (var server in await pools.FindServersAsync(all: tick.ScheduledFor.Minute == MinuteOfLook, cancellationToken))
        {
            try
            {
                await client.ScheduleNewOrchestrationInstanceAsync(
                    Orchestrations.KeepWarmPools, new WarmPoolOrder(server.Id, server.Code),
                    new HubStartOptions { InstanceId = WarmPools.InstanceOf(server.Id), ReplaceableStatuses = Ended }, cancellationToken);
                Logs.PoolsStarted(logger, server.Code);
            }
            catch (OrchestrationAlreadyExistsException)
            {
                // It runs.
            }
        }
    }
}
