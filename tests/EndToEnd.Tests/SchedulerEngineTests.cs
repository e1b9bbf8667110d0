using Bibind.Durable.Client;
using Bibind.Local;
using Bibind.Testing;
using Bibind.Testing.Servers;

namespace Bibind.EndToEnd.Tests;

/// <summary>The whole product on another engine: a host of Durable Task's gRPC protocol, which knows nothing of the control database.</summary>
public sealed class SchedulerEngineTests
{
    [Fact]
    public async Task A_tenant_is_made_and_removed_although_work_comes_twice_and_streams_break()
    {
        await using var scheduler = await SchedulerServer.StartAsync(dropAfter: 25, duplicateEvery: 6);
        await using var installation = await CreateAsync(scheduler.Address);
        await using var host = await InProcessHost.StartAsync(installation);

        var made = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));

        Assert.True(made["state"]!.GetValue<string>() == "succeeded", made.ToString());
        await HasFirstBackupAsync(installation, host);
        await TenantAssertions.AssertWorksAsync(installation, host.Api);
        // Nobody is told of an order without a callback.
        var steps = made["steps"]!.AsArray();
        Assert.Equal(
            Steps.OfProvisioning.Where(s => s != "caller.notify").Order(StringComparer.Ordinal),
            steps.Select(s => s!["name"]!.GetValue<string>()).Distinct().Where(Steps.OfProvisioning.Contains).Order(StringComparer.Ordinal));
        Assert.NotEmpty((await host.Api.GetAsync($"/api/jobs/{made["id"]!.GetValue<string>()}/history"))["items"]!.AsArray());

        var gone = await host.Api.EndOfAsync(await host.Api.DestroyAsync(installation.Code, finalBackup: false));

        Assert.True(gone["state"]!.GetValue<string>() == "succeeded", gone.ToString());
        Assert.All(gone["inventory"]!["items"]!.AsArray(), item => Assert.Equal("absent", item!["state"]!.GetValue<string>()));
        await ComesToRestAsync(installation, host);
        await installation.AssertNothingIsLeftAsync();
        Assert.Equal(0, await installation.CountAsync("select count(*) from durable.history"));
    }

    [Theory]
    [InlineData("before:database.clone")]
    [InlineData("after:database.clone")]
    [InlineData("after:tenants.activate")]
    public async Task A_process_that_is_killed_at_a_step_is_followed_by_one_that_finishes(string boundary)
    {
        await using var scheduler = await SchedulerServer.StartAsync();
        await using var installation = await CreateAsync(scheduler.Address);
        string job;
        await using (var doomed = await KillableHost.StartAsync(installation, boundary))
        {
            job = await doomed.Api.OrderByWebhookAsync(installation.Code);
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(installation);

        var end = await host.Api.EndOfAsync(job);
        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        await HasFirstBackupAsync(installation, host);
        await TenantAssertions.AssertWorksAsync(installation, host.Api);
    }

    [Fact]
    public async Task An_order_that_is_taken_while_the_scheduler_is_away_outlives_its_process_and_runs_when_it_comes()
    {
        var address = new Uri($"http://127.0.0.1:{FreePorts.Next()}");
        await using var installation = await CreateAsync(address);
        string job;
        await using (var before = await InProcessHost.StartAsync(installation))
        {
            Assert.False(await before.Api.IsReadyAsync());
            job = await before.Api.OrderByWebhookAsync(installation.Code);
            Assert.Equal(1, await installation.CountAsync("select count(*) from control.orchestration_outbox"));
        }

        await using var scheduler = await SchedulerServer.StartAsync(address: address);
        await using var host = await InProcessHost.StartAsync(installation);

        var end = await host.Api.EndOfAsync(job);
        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        Assert.True(await host.Api.IsReadyAsync());
    }

    private static async Task<Installation> CreateAsync(Uri scheduler)
    {
        var installation = await Installation.CreateAsync();
        installation.Settings["Durable:Engine"] = "scheduler";
        installation.Settings["Durable:Scheduler:Endpoint"] = scheduler.OriginalString;
        installation.Settings["Durable:Scheduler:TaskHub"] = installation.Code;
        return installation;
    }

    private static async Task HasFirstBackupAsync(Installation installation, InProcessHost host)
    {
        await installation.HasFirstBackupAsync();
        await ComesToRestAsync(installation, host);
    }

    /// <summary>Waits until every job is closed and its orchestration has ended.</summary>
    private static Task ComesToRestAsync(Installation installation, InProcessHost host) => Eventually.UntilAsync(
        async () =>
        {
            var jobs = (await host.Api.GetAsync($"/api/jobs?tenant={installation.Code}"))["items"]!.AsArray().Select(j => j!["id"]!.GetValue<string>()).ToList();
            var states = await host.Tasks.GetStatesAsync(jobs);
            return states.Count == jobs.Count && states.Values.All(s => s.IsCompleted)
                && await installation.CountAsync("select count(*) from control.jobs where finished_at is null") == 0;
        },
        TimeSpan.FromSeconds(60),
        "every job and its orchestration have ended");
}
