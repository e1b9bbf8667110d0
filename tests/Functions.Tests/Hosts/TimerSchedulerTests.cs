using Bibind.Functions.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Bibind.Functions.Tests.Hosts;

/// <summary>Schedules on hosts that live on.</summary>
public sealed class TimerSchedulerTests(PostgresServer postgres)
{
    [Fact]
    public async Task After_a_time_without_hosts_the_last_missed_moment_is_run_once_by_one_of_them()
    {
        var first = new ApiHost(postgres);
        await first.InitializeAsync();
        await using var original = first;
        await first.ExecuteAsync("insert into control.timers (name, ran_for) values ('keepTimers', '2026-01-01T00:00:00Z')");
        string[] arguments = [.. first.Arguments().Where(a => !a.StartsWith("--Timers", StringComparison.Ordinal)), "--Timers:Sweep=true"];

        await using var second = Build(arguments);
        await using var third = Build(arguments);
        await Task.WhenAll(second.StartAsync(), third.StartAsync());

        await Testing.Eventually.UntilAsync(
            () => first.ScalarAsync<bool>("select ran_for > now() - interval '6 minutes' from control.timers where name = 'keepTimers'"),
            TimeSpan.FromSeconds(20), "the moment is recorded");
        Assert.Equal(1, await first.ScalarAsync<long>("select count(*) from durable.instances where instance_id = 'timer-sweep'"));
        await second.StopAsync();
        await third.StopAsync();
    }

    [Fact]
    public async Task A_host_without_timers_runs_none()
    {
        var host = new ApiHost(postgres);
        await host.InitializeAsync();
        await using var original = host;

        Assert.Equal(0, await host.ScalarAsync<long>("select count(*) from control.timers"));
    }

    private static WebApplication Build(string[] arguments) =>
        FunctionsHost.Build(arguments, builder =>
        {
            builder.Logging.ClearProviders();
            builder.Services.AddSingleton(ScriptedOrchestrators.Registry());
        });
}
