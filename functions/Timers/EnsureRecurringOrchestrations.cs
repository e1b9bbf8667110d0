using System.Globalization;
using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Certificates;
using Bibind.Activities.Tenants;
using Bibind.Contracts;
using Bibind.ControlPlane.Timers;
using Bibind.Durable;
using Bibind.Durable.Client;
using Bibind.Durable.Hubs;
using Bibind.Functions.Triggers;
using Bibind.Orchestrators;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Timers;

/// <summary>
/// Sees to it that the eternal orchestrations run as the settings of today say: each once for all hosts, for its instance id is its
/// name, and again if it ended. One that runs by other settings is ended and started anew; one that is off is ended. They sleep in
/// the task hub, so nothing has to stay awake for them.
/// </summary>
internal sealed class EnsureRecurringOrchestrations(
    DurableTaskClient client,
    TimerLocks locks,
    IOptions<TimerOptions> timers,
    IOptions<BackupOptions> backups,
    IOptions<CertificateOptions> certificates,
    IOptions<PendingOptions> pending,
    TimeProvider time,
    ILogger<EnsureRecurringOrchestrations> logger) : ITimerFunction
{
    private const string SweepInstance = "timer-sweep";

    /// <summary>The tag of an instance with the settings that it was started by.</summary>
    private const string SettingsTag = "settings";

    private static readonly OrchestrationRuntimeStatus[] Ended =
        [OrchestrationRuntimeStatus.Completed, OrchestrationRuntimeStatus.Failed, OrchestrationRuntimeStatus.Terminated];

    // A worker that is awake ends an instance at once; where all of them sleep, the next tick finds it ended.
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LookPause = TimeSpan.FromMilliseconds(100);

    // One host at a time, so that the others find what it did and leave it as it is.
    public Task RunAsync(TimerTick tick, CancellationToken cancellationToken) => locks.RunAloneAsync(KeepAllAsync, cancellationToken);

    private async Task KeepAllAsync(CancellationToken cancellation)
    {
        var every = timers.Value.SweepInterval;
        await KeepAsync(
            new Wanted(SweepInstance, timers.Value.Sweep, every.ToString("c", CultureInfo.InvariantCulture)),
            Orchestrations.Sweep, _ => new SweepOrder(every), cancellation);
        await KeepAsync(
            new Wanted(
                BackupJobs.NightlyInstance, backups.Value is { Enabled: true, Nightly: true },
                backups.Value.NightlyAt.ToString("c", CultureInfo.InvariantCulture)),
            Orchestrations.NightlyBackups,
            // The last night counts, whatever the hour that the next one is to have.
            former => former?.ReadInputAs<NightlyBackupsState>() ?? new NightlyBackupsState(), cancellation);
        var round = pending.Value.Interval;
        await KeepAsync(
            new Wanted(
                Bibind.Contracts.Tenants.PendingTimer, timers.Value.Sweep && pending.Value.Enabled, round.ToString("c", CultureInfo.InvariantCulture)),
            Orchestrations.WorkOffPendingItems, _ => new PendingRound(round), cancellation);
        await KeepAsync(
            new Wanted(
                RenewCertificates.InstanceId,
                timers.Value.CertificateRenewals && certificates.Value.Provider != CertificateProviders.None,
                certificates.Value.Provider),
            Orchestrations.RenewCertificates, former => former?.ReadInputAs<RenewalRound>() ?? new RenewalRound(), cancellation);
    }

    private async Task KeepAsync<TInput, TOutput>(
        Wanted wanted, OrchestratorDefinition<TInput, TOutput> orchestrator, Func<OrchestrationState?, TInput> input, CancellationToken cancellation)
    {
        var there = await client.GetStateAsync(wanted.InstanceId, cancellation);
        if (there is { IsCompleted: false })
        {
            var startedBy = there.Tags.GetValueOrDefault(SettingsTag);
            if (wanted.IsOn && startedBy == wanted.Settings)
            {
                return;
            }

            var reason = wanted.IsOn ? $"it was started by other settings ({startedBy ?? "unknown"} instead of {wanted.Settings})." : "it is turned off.";
            await client.TerminateInstanceAsync(wanted.InstanceId, reason, cancellation);
            Logs.TimerEnded(logger, wanted.InstanceId, reason);
            if (!await HasEndedAsync(wanted.InstanceId, cancellation))
            {
                return;
            }
        }

        if (!wanted.IsOn)
        {
            return;
        }

        var options = new HubStartOptions
        {
            InstanceId = wanted.InstanceId,
            ReplaceableStatuses = Ended,
            Tags = new Dictionary<string, string> { [SettingsTag] = wanted.Settings },
        };
        try
        {
            await client.ScheduleNewOrchestrationInstanceAsync(orchestrator, input(there), options, cancellation);
            Logs.TimerStarted(logger, wanted.InstanceId);
        }
        catch (OrchestrationAlreadyExistsException)
        {
            // Started meanwhile, by a host that asks nobody.
        }
    }

    private async Task<bool> HasEndedAsync(string instanceId, CancellationToken cancellation)
    {
        for (var until = time.GetUtcNow() + EndLimit; time.GetUtcNow() < until; await Task.Delay(LookPause, time, cancellation))
        {
            if (await client.GetStateAsync(instanceId, cancellation) is null or { IsCompleted: true })
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>How a timer is to run.</summary>
    /// <param name="InstanceId">Its instance.</param>
    /// <param name="IsOn">False if it is not to run at all.</param>
    /// <param name="Settings">What it depends on, as text.</param>
    private sealed record Wanted(string InstanceId, bool IsOn, string Settings);
}
