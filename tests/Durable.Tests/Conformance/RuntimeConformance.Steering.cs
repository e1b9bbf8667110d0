using Bibind.Durable.Client;
using Bibind.Durable.History;
using Bibind.Testing;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Tests.Conformance;

/// <summary>What an instance is told from outside.</summary>
public abstract partial class RuntimeConformance
{
    [Fact]
    public async Task A_timer_that_is_made_due_is_counted_once_and_is_the_next_no_more()
    {
        await using var runtime = await CreateAsync();
        runtime.Orchestrator<string?, string>("Main", async (context, _) =>
        {
            var begun = context.CurrentUtcDateTime;
            await context.CreateTimer(TimeSpan.FromDays(1));
            return context.CurrentUtcDateTime - begun < TimeSpan.FromHours(1) ? "done" : "the clock went ahead";
        });
        var worker = runtime.StartWorker();
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        var timers = await Eventually.UntilAsync(
            async () => WaitingTimer.In(await runtime.Client.GetHistoryAsync(id)), found => found.Count > 0, TimeSpan.FromSeconds(60), "it waits");
        var next = await runtime.Client.FindNextTimersAsync([id, "nobody"]);
        Assert.Equal(timers.Single().FireAt, Assert.Single(next!).Value, TimeSpan.FromMilliseconds(1));
        await worker.StopAsync();

        Assert.Equal(0, await runtime.Hub.FireTimersAsync(id, [timers[0].TimerId + 1], DateTime.UtcNow, transaction: null, CancellationToken.None));
        Assert.Equal(1, await runtime.Hub.FireTimersAsync(id, [timers[0].TimerId], DateTime.UtcNow, transaction: null, CancellationToken.None));
        Assert.Equal(0, await runtime.Hub.FireTimersAsync(id, [timers[0].TimerId], DateTime.UtcNow, transaction: null, CancellationToken.None));
        Assert.Empty((await runtime.Client.FindNextTimersAsync([id]))!);

        runtime.StartWorker();
        Assert.Equal("done", (await runtime.EndAsync(id)).ReadOutputAs<string>());
        Assert.Single((await runtime.Client.GetHistoryAsync(id)).OfType<TimerFiredEvent>());
    }

    [Fact]
    public async Task An_instance_is_suspended_resumed_and_ended_by_word()
    {
        await using var runtime = await CreateAsync();
        runtime.Orchestrator<string?, string>("Main", (context, _) => context.WaitForExternalEvent<string>("go"));
        runtime.StartWorker();
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");

        Assert.True(await runtime.Client.SteerAsync(id, new Steering.Suspend("hold"), transaction: null));
        await Eventually.TrueAsync(async () => (await runtime.Client.GetStateAsync(id))!.RuntimeStatus == OrchestrationRuntimeStatus.Suspended);
        Assert.True(await runtime.Client.SteerAsync(id, new Steering.Resume("go on"), transaction: null));
        await Eventually.TrueAsync(async () => (await runtime.Client.GetStateAsync(id))!.RuntimeStatus == OrchestrationRuntimeStatus.Running);
        Assert.True(await runtime.Client.SteerAsync(id, new Steering.Terminate("enough"), transaction: null));
        Assert.Equal(OrchestrationRuntimeStatus.Terminated, (await runtime.EndAsync(id)).RuntimeStatus);

        Assert.False(await runtime.Client.SteerAsync(id, new Steering.Resume("too late"), transaction: null));
        Assert.False(await runtime.Client.SteerAsync(id, new Steering.Rewind("it has not failed"), transaction: null));
    }
}
