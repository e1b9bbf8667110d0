using Bibind.Durable.Client;
using Bibind.Testing;

namespace Bibind.Durable.Tests.Conformance;

/// <summary>Work is found because somebody tells of it. These workers practically never poll, so what nobody tells of hangs.</summary>
public abstract partial class RuntimeConformance
{
    private static readonly TimeSpan NeverPolls = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task A_wide_fan_out_waits_for_no_poll()
    {
        await using var runtime = await CreateAsync();
        runtime.Activity<int, int>("Add", n => n + 1)
            .Orchestrator<int, int>("FanOut", async (context, width) =>
                (await Task.WhenAll(Enumerable.Range(0, width).Select(n => context.CallActivityAsync<int>("Add", n)))).Length);
        runtime.StartWorker(o => o.PollInterval = NeverPolls);

        for (var run = 0; run < 12; run++)
        {
            Assert.Equal(1000, (await runtime.RunAsync("FanOut", 1000)).ReadOutputAs<int>());
        }
    }

    [Fact]
    public async Task Every_worker_of_a_hub_is_told_of_work()
    {
        await using var runtime = await CreateAsync();
        runtime.Activity<int, int>("Add", n => n + 1)
            .Orchestrator<int, int>("Main", async (context, n) =>
            {
                for (var step = 0; step < 5; step++)
                {
                    n = await context.CallActivityAsync<int>("Add", n);
                }

                return n;
            });
        runtime.StartWorker(o => (o.PollInterval, o.MaxConcurrentActivities) = (NeverPolls, 0));
        runtime.StartWorker(o => (o.PollInterval, o.MaxHeldInstances) = (NeverPolls, 0));

        for (var run = 0; run < 12; run++)
        {
            Assert.Equal(5, (await runtime.RunAsync("Main", 0)).ReadOutputAs<int>());
        }
    }

    [Fact]
    public async Task An_event_for_an_instance_that_is_busy_waits_for_no_poll()
    {
        await using var runtime = await CreateAsync();
        var open = new TaskCompletionSource();
        var begun = new SemaphoreSlim(0);
        runtime.Activity<int, int>("Slow", async (_, n) =>
            {
                begun.Release();
                await open.Task;
                return n;
            })
            .Orchestrator<int, int>("Main", async (context, n) =>
            {
                var slow = context.CallActivityAsync<int>("Slow", n);
                await context.WaitForExternalEvent<string>("go");
                context.SetCustomStatus("told");
                return await slow;
            });
        runtime.StartWorker(o => o.PollInterval = NeverPolls);
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main", 7);
        Assert.True(await begun.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));

        await runtime.Client.RaiseEventAsync(id, "go", "now");

        await Eventually.TrueAsync(async () => (await runtime.Client.GetStateAsync(id))!.SerializedCustomStatus is not null);
        open.SetResult();
        Assert.Equal(7, (await runtime.EndAsync(id)).ReadOutputAs<int>());
    }
}
