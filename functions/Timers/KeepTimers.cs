using Bibind.Activities.Backup;
using Bibind.Activities.Certificates;
using Bibind.Activities.Tenants;
using Bibind.Contracts;
using Bibind.Durable;
using Bibind.Functions.Triggers;
using Bibind.Orchestrators;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Timers;

/// <summary>
/// Sees to it that the eternal orchestrations run: each once for all hosts, for its instance id is its name, and again if it
/// ended. They sleep in the task hub, so nothing has to stay awake for them.
/// </summary>
internal sealed class KeepTimers(
    DurableTaskClient client,
    IOptions<TimerOptions> timers,
    IOptions<BackupOptions> backups,
    IOptions<CertificateOptions> certificates,
    IOptions<PendingOptions> pending,
    ILogger<KeepTimers> logger) : ITimerFunction
{
    private const string SweepInstance = "timer-sweep";

    private static readonly OrchestrationRuntimeStatus[] Ended =
        [OrchestrationRuntimeStatus.Completed, OrchestrationRuntimeStatus.Failed, OrchestrationRuntimeStatus.Terminated, OrchestrationRuntimeStatus.Canceled];

    public async Task RunAsync(TimerTick tick, CancellationToken cancellationToken)
    {
        if (timers.Value.Sweep)
        {
            await KeepAsync(SweepInstance, Orchestrations.Sweep, new SweepOrder(timers.Value.SweepInterval), cancellationToken);
        }

        if (backups.Value.Nightly)
        {
            await KeepAsync(BackupJobs.NightlyInstance, Orchestrations.NightlyBackups, new NightlyBackupsState(), cancellationToken);
        }

        if (timers.Value.Sweep && pending.Value.Enabled)
        {
            await KeepAsync(Bibind.Contracts.Tenants.PendingTimer, Orchestrations.WorkOffPendingItems, new PendingRound(pending.Value.Interval), cancellationToken);
        }

        if (timers.Value.CertificateRenewals && certificates.Value.Provider != CertificateProviders.None)
        {
            await KeepAsync(RenewCertificates.InstanceId, Orchestrations.RenewCertificates, new RenewalRound(), cancellationToken);
        }
    }

    private async Task KeepAsync<TInput, TOutput>(
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
            // It runs.
        }
    }
}
