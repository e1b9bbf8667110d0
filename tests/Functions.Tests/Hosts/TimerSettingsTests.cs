using Bibind.Contracts;
using Bibind.Durable;
using Bibind.Durable.Client;
using Bibind.Durable.Hubs;
using Bibind.Functions.Tests.Hosting;
using Bibind.Functions.Timers;
using Bibind.Functions.Triggers;
using Bibind.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Bibind.Functions.Tests.Hosts;

/// <summary>Timers run as the settings of today say, whatever those were when they were started.</summary>
public sealed class TimerSettingsTests(PostgresServer postgres)
{
    private const string Sweep = "timer-sweep";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_host_that_starts_with_another_interval_makes_it_count()
    {
        await using var data = new ApiHost(postgres);
        await data.InitializeAsync();
        await RunAsync(data, ["--Timers:SweepInterval=01:00:00"], tasks => UntilAsync(tasks, Sweep, i => i.ReadInputAs<SweepOrder>()!.Every == TimeSpan.FromHours(1)));

        await RunAsync(data, ["--Timers:SweepInterval=02:00:00"], async tasks =>
        {
            var sweep = await UntilAsync(tasks, Sweep, i => !i.IsCompleted && i.ReadInputAs<SweepOrder>()!.Every == TimeSpan.FromHours(2));
            Assert.Equal(Sweep, sweep.InstanceId);
        });
    }

    [Theory]
    [InlineData(Sweep, "--Timers:Sweep=false", "--Timers:Sweep=true")]
    [InlineData(BackupJobs.NightlyInstance, "--Backups:Nightly=false", "--Backups:Nightly=true")]
    [InlineData(Orchestrators.RenewCertificates.InstanceId, "--Timers:CertificateRenewals=false", "--Timers:CertificateRenewals=true")]
    public async Task A_timer_that_is_turned_off_ends_and_runs_again_when_it_is_turned_on(string instance, string off, string on)
    {
        string[] authority = ["--Certificates:Provider=local"];
        await using var data = new ApiHost(postgres);
        await data.InitializeAsync();
        await RunAsync(data, [.. authority, on], tasks => UntilAsync(tasks, instance, i => !i.IsCompleted));

        await RunAsync(data, [.. authority, off], async tasks =>
        {
            var ended = await UntilAsync(tasks, instance, i => i.IsCompleted);
            Assert.Equal((OrchestrationRuntimeStatus.Terminated, "it is turned off."), (ended.RuntimeStatus, ended.SerializedOutput));
        });

        await RunAsync(data, [.. authority, on], tasks => UntilAsync(tasks, instance, i => !i.IsCompleted));
    }

    [Fact]
    public async Task The_nights_begin_at_the_hour_of_today_and_remember_the_last_one()
    {
        await using var data = new ApiHost(postgres);
        await data.InitializeAsync();
        var last = new DateTime(2026, 1, 2, 2, 0, 0, DateTimeKind.Utc);
        await RunAsync(data, ["--Timers:Enabled=false"], async tasks =>
        {
            await tasks.ScheduleNewOrchestrationInstanceAsync(
                Orchestrations.NightlyBackups, new NightlyBackupsState(last),
                new HubStartOptions { InstanceId = BackupJobs.NightlyInstance }, TestContext.Current.CancellationToken);
            await UntilAsync(tasks, BackupJobs.NightlyInstance, i => i.RuntimeStatus == OrchestrationRuntimeStatus.Running);
        });

        await RunAsync(data, ["--Backups:Nightly=true", "--Backups:NightlyAt=03:30:00"], async tasks =>
        {
            var nights = await UntilAsync(tasks, BackupJobs.NightlyInstance, i => i.Tags.GetValueOrDefault("settings") == "03:30:00");
            Assert.Equal(last, nights.ReadInputAs<NightlyBackupsState>()!.LastNight);
        });
    }

    [Fact]
    public async Task Hosts_with_the_same_settings_leave_each_other_s_timers_alone()
    {
        await using var data = new ApiHost(postgres);
        await data.InitializeAsync();
        await RunAsync(data, ["--Timers:SweepInterval=01:00:00"], tasks => UntilAsync(tasks, Sweep, i => !i.IsCompleted));
        await using var first = Build(data, ["--Timers:SweepInterval=03:00:00"]);
        await using var second = Build(data, ["--Timers:SweepInterval=03:00:00"]);
        await Task.WhenAll(first.StartAsync(TestContext.Current.CancellationToken), second.StartAsync(TestContext.Current.CancellationToken));
        var before = await UntilAsync(data.Tasks, Sweep, i => !i.IsCompleted && i.ReadInputAs<SweepOrder>()!.Every == TimeSpan.FromHours(3));

        await Task.WhenAll(new[] { first, second }.Select(h => KeepAsync(h.Services)));

        Assert.Equal(before.CreatedAt, (await data.Tasks.GetStateAsync(Sweep, TestContext.Current.CancellationToken))!.CreatedAt);
        await first.StopAsync(TestContext.Current.CancellationToken);
        await second.StopAsync(TestContext.Current.CancellationToken);
    }

    private static Task KeepAsync(IServiceProvider services) =>
        ActivatorUtilities.CreateInstance<EnsureRecurringOrchestrations>(services).RunAsync(new TimerTick("keepTimers", DateTimeOffset.UtcNow), TestContext.Current.CancellationToken);

    private static Task<OrchestrationState> UntilAsync(DurableTaskClient tasks, string instance, Func<OrchestrationState, bool> wanted) =>
        Eventually.UntilAsync(
            async () => (await tasks.GetStateAsync(instance, TestContext.Current.CancellationToken))!, i => i is not null && wanted(i), Limit, $"{instance} is as wanted");

    private static async Task RunAsync(ApiHost data, string[] settings, Func<DurableTaskClient, Task> look)
    {
        await using var host = Build(data, settings);
        await host.StartAsync(TestContext.Current.CancellationToken);
        await look(host.Services.GetRequiredService<DurableTaskClient>());
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    // The product's own orchestrators, on a database that no other host works on: the one of the test runs none of them.
    private static WebApplication Build(ApiHost data, string[] settings)
    {
        string[] arguments = [.. data.Arguments().Where(a => !a.StartsWith("--Timers", StringComparison.Ordinal)), .. settings];
        return FunctionsHost.Build(arguments, builder => builder.Logging.ClearProviders());
    }
}
