using Bibind.Contracts;
using Bibind.Durable;

namespace Bibind.Functions.Timers;

/// <summary>Settings <c>Timers:*</c>.</summary>
public sealed class TimerOptions
{
    public const string Section = "Timers";

    /// <summary>False on hosts that must start no timers; those that run already go on.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>How often abandoned tenants are looked for.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromMinutes(5);
}

/// <summary>
/// Starts the eternal orchestrations when the host starts, each once for all hosts: its instance id is its name. One that
/// ended is started afresh.
/// </summary>
internal sealed class DurableTimers(
    DurableTaskClient client, Microsoft.Extensions.Options.IOptions<TimerOptions> options, ILogger<DurableTimers> logger) : IHostedService
{
    private static readonly OrchestrationRuntimeStatus[] Ended =
        [OrchestrationRuntimeStatus.Completed, OrchestrationRuntimeStatus.Failed, OrchestrationRuntimeStatus.Terminated];

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value.Enabled)
        {
            await StartAsync("timer-sweep", Orchestrations.Sweep, new SweepOrder(options.Value.SweepInterval), cancellationToken);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task StartAsync<TInput, TOutput>(
        string instanceId, OrchestratorDefinition<TInput, TOutput> orchestrator, TInput input, CancellationToken cancellation)
    {
        try
        {
            await client.ScheduleNewOrchestrationInstanceAsync(
                orchestrator, input, new StartOrchestrationOptions { InstanceId = instanceId, ReplaceableStatuses = Ended }, cancellation);
            Logs.TimerStarted(logger, instanceId);
        }
        catch (OrchestrationAlreadyExistsException)
        {
            // Another host, or an earlier start, was first.
        }
    }
}
