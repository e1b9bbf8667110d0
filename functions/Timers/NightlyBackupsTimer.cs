using Bibind.Activities.Backup;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Timers;

/// <summary>
/// Sees to it at start that the nightly timer runs. It has one id, so there is one, whatever the number of hosts, and it
/// outlives them all.
/// </summary>
internal sealed class NightlyBackupsTimer(DurableTaskClient client, IOptions<BackupOptions> options) : IHostedLifecycleService
{
    private static readonly OrchestrationRuntimeStatus[] Ended =
        [OrchestrationRuntimeStatus.Completed, OrchestrationRuntimeStatus.Failed, OrchestrationRuntimeStatus.Terminated, OrchestrationRuntimeStatus.Canceled];

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // After the schemas are there, which is seen to before anything starts.
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!options.Value.Nightly)
        {
            return;
        }

        try
        {
            await client.ScheduleNewOrchestrationInstanceAsync(
                Orchestrations.NightlyBackups,
                new NightlyBackupsState(),
                new StartOrchestrationOptions { InstanceId = BackupJobs.NightlyInstance, ReplaceableStatuses = Ended },
                cancellationToken);
        }
        catch (OrchestrationAlreadyExistsException running) when (!Ended.Contains(running.Status))
        {
            // Another host, or this one before, started it.
        }
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
