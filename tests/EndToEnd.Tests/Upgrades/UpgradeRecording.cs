using Bibind.Activities;
using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Recovery;
using Bibind.Durable.Hubs;
using Bibind.Durable.Worker;
using Bibind.Testing;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Bibind.EndToEnd.Tests.Upgrades;

/// <summary>Records what is in flight at this version, for <see cref="UpgradeTests"/> of later ones; <c>infra/local/record-upgrade</c> runs it.</summary>
public sealed class UpgradeRecording
{
    private const string FileVariable = "BIBIND_RECORD_UPGRADE";

    [Fact(Explicit = true)]
    public async Task Record()
    {
        var file = Environment.GetEnvironmentVariable(FileVariable) ?? throw new InvalidOperationException($"{FileVariable} names no file.");
        await using var installation = await Installation.CreateAsync();
        try
        {
            await using var host = await InProcessHost.StartAsync(installation, new Holds());
            await host.Api.EndOfAsync(await OrderAsync(host, InFlight.Removed));
            await installation.HasFirstBackupAsync();
            await host.Api.DestroyAsync(InFlight.Removed, finalBackup: false);
            await OrderAsync(host, InFlight.Retried);
            await OrderAsync(host, InFlight.Pending);
            var suspended = await OrderAsync(host, InFlight.Suspended);
            await WaitForStepAsync(host, $"destroy-{InFlight.Removed}", "running");
            await WaitForStepAsync(host, $"provision-{InFlight.Retried}", "waiting-retry");
            await WaitForStepAsync(host, $"provision-{InFlight.Pending}", "running");
            await WaitForStepAsync(host, $"provision-{InFlight.Suspended}", "running");
            var instance = suspended[(suspended.LastIndexOf('/') + 1)..];
            await host.Tasks.SuspendInstanceAsync(instance);
            await Eventually.TrueAsync(async () => (await host.Tasks.GetInstanceAsync(instance))!.RuntimeStatus == OrchestrationRuntimeStatus.Suspended);

            // What was under way is given back; what is ordered now nobody begins with.
            await host.Services.GetRequiredService<TaskHubWorker>().StopAsync();
            await OrderAsync(host, InFlight.Accepted);
            await OrderAsync(host, InFlight.Scheduled);
            await ScheduleAsync(installation);
            await new ControlDump(installation.Settings["ControlDatabase"], Options.Create(new BackupOptions()), TimeProvider.System)
                .BackUpAsync(file, "recording", CancellationToken.None);
        }
        finally
        {
            await installation.DropAsync(InFlight.Removed);
        }
    }

    private static Task<string> OrderAsync(InProcessHost host, string code) => host.Api.OrderByWebhookAsync(code, record: Math.Abs(code.GetHashCode(StringComparison.Ordinal)));

    private static Task WaitForStepAsync(InProcessHost host, string job, string state) => Eventually.UntilAsync(
        async () =>
        {
            var jobs = (await host.Api.GetAsync("/api/jobs?pageSize=200"))["items"]!.AsArray();
            var id = jobs.Select(j => (string)j!["id"]!).FirstOrDefault(id => id.StartsWith(job, StringComparison.Ordinal));
            return id is not null && (await host.Api.GetAsync($"/api/jobs/{id}"))["steps"]!.AsArray().Any(s => (string?)s!["state"] == state);
        },
        TimeSpan.FromSeconds(60), $"a step of {job} is {state}");

    // As the hub stores an instance that is started with a time.
    private static async Task ScheduleAsync(Installation installation)
    {
        foreach (var when in (string[])["durable.leases set starts_at", "durable.messages set visible_at"])
        {
            await using var command = installation.Control.CreateCommand($"update {when} = now() + interval '1 minute' where instance_id like $1");
            command.Parameters.AddWithValue($"provision-{InFlight.Scheduled}-%");
            Assert.Equal(1, await command.ExecuteNonQueryAsync());
        }
    }

    /// <summary>Lets nothing outside be made that a restored installation would lack.</summary>
    private sealed class Holds : WorkerInterceptor
    {
        private static readonly string[] Effects = ["filestore.copy", "database.clone", "dns.create_record", "certificates.issue", "storage.create_bucket"];

        public override async ValueTask BeforeActivityAsync(LeasedActivity activity, CancellationToken cancellationToken)
        {
            if (Is(InFlight.Retried) && Effects.Contains(activity.Scheduled.Name))
            {
                throw new TransientFailureException("What it needs is away, as the recording wants");
            }

            if (((Is(InFlight.Pending) || Is(InFlight.Suspended)) && Effects.Contains(activity.Scheduled.Name))
                || (activity.InstanceId.StartsWith("destroy-", StringComparison.Ordinal) && activity.Scheduled.Name == "routing.withdraw"))
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            bool Is(string code) => activity.InstanceId.StartsWith($"provision-{code}-", StringComparison.Ordinal);
        }
    }
}
