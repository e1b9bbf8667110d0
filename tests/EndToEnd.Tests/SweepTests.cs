using Bibind.Testing;

namespace Bibind.EndToEnd.Tests;

/// <summary>What nothing works on any more is found and finished.</summary>
public sealed class SweepTests
{
    [Fact]
    public async Task A_tenant_whose_provisioning_was_ended_from_outside_is_removed_by_the_sweep()
    {
        await using var installation = await Installation.CreateAsync();
        installation.Settings["Timers:Sweep"] = "true";
        installation.Settings["Timers:SweepInterval"] = "00:00:01";
        // The step waits: the order is ended while the database is there and nothing is undone.
        var atStep = new StopsAt("application.configure");
        await using var host = await InProcessHost.StartAsync(installation, atStep);
        var job = await host.Api.OrderByWebhookAsync(installation.Code);
        await atStep.Reached;
        Assert.NotEmpty(await installation.DatabasesAsync());

        await host.Tasks.TerminateInstanceAsync(job[(job.LastIndexOf('/') + 1)..], "by hand");

        await Eventually.UntilAsync(
            async () => await installation.CountAsync("select count(*) from control.tenants where state = 'terminated'") == 1,
            TimeSpan.FromSeconds(60), "the sweep has removed it");
        var left = await host.Api.GetAsync($"/api/jobs?tenant={installation.Code}&kind=destroy");
        Assert.Equal("sweep", left["items"]![0]!["requestedBy"]!.GetValue<string>());
        Assert.Empty(await installation.DatabasesAsync());
        Assert.Equal(0, await installation.CountAsync("select count(*) from control.secrets where name like 'tenants/%'"));
        Assert.DoesNotContain(installation.StoredFiles(), f => f.Contains(installation.Code, StringComparison.Ordinal));
        var failed = await host.Api.GetAsync(job);
        Assert.Contains("ended from outside", failed["reason"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    private sealed class StopsAt(string step) : Durable.Worker.WorkerInterceptor
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Reached => _reached.Task.WaitAsync(TimeSpan.FromSeconds(60));

        public override async ValueTask BeforeActivityAsync(Durable.Hubs.LeasedActivity activity, CancellationToken cancellationToken)
        {
            if (activity.Scheduled.Name == step)
            {
                _reached.TrySetResult();
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
        }
    }
}
