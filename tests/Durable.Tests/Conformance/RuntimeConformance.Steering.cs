using Bibind.Durable.Client;
using Bibind.Durable.History;
using Bibind.Testing;
using Microsoft.DurableTask;
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

        Assert.Equal(0, await runtime.Hub.FireTimersAsync(id, [timers[0].TimerId + 1], givesUp: false, DateTime.UtcNow, transaction: null, CancellationToken.None));
        Assert.Equal(1, await runtime.Hub.FireTimersAsync(id, [timers[0].TimerId], givesUp: false, DateTime.UtcNow, transaction: null, CancellationToken.None));
        Assert.Equal(0, await runtime.Hub.FireTimersAsync(id, [timers[0].TimerId], givesUp: false, DateTime.UtcNow, transaction: null, CancellationToken.None));
        Assert.Empty((await runtime.Client.FindNextTimersAsync([id]))!);

        runtime.StartWorker();
        Assert.Equal("done", (await runtime.EndAsync(id)).ReadOutputAs<string>());
        Assert.Single((await runtime.Client.GetHistoryAsync(id)).OfType<TimerFiredEvent>());
    }

    [Fact]
    public async Task An_attempt_that_was_given_up_is_given_up_in_every_replay_and_made_after_a_rewind()
    {
        await using var runtime = await CreateAsync();
        runtime.Activity<string, string>("Flaky", input => runtime.Runs["Flaky"] < 3 ? throw new InvalidOperationException($"away {runtime.Runs["Flaky"]}") : input)
            .Orchestrator<string?, string>("Main", async (context, _) =>
            {
                var hourly = new TaskOptions { Retry = new RetryPolicy(5, TimeSpan.FromHours(1)) };
                try
                {
                    await context.CallActivityAsync<string>("Flaky", "first", hourly);
                }
                catch (TaskFailedException failure)
                {
                    context.SetCustomStatus(failure.Reason);
                }

                return await context.CallActivityAsync<string>("Flaky", await context.WaitForExternalEvent<string>("go"), hourly);
            });
        var worker = runtime.StartWorker();
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        await GiveUpAsync();
        await Eventually.TrueAsync(async () => (await runtime.Client.GetStateAsync(id))!.ReadCustomStatusAs<string>() == "away 1");
        Assert.True(Assert.Single((await runtime.Client.GetHistoryAsync(id)).OfType<TimerFiredEvent>()).GivesUp);
        Assert.Empty((await runtime.Client.FindNextTimersAsync([id]))!);
        await worker.StopAsync();

        runtime.StartWorker();
        await runtime.Client.RaiseEventAsync(id, "go", "second");
        await GiveUpAsync();
        var end = await runtime.EndAsync(id);
        Assert.Equal((OrchestrationRuntimeStatus.Failed, "away 2"), (end.RuntimeStatus, end.FailureDetails!.Root.ErrorMessage));

        await runtime.Client.RewindInstanceAsync(id, "it is back");
        Assert.Equal("second", (await runtime.EndAsync(id)).ReadOutputAs<string>());
        Assert.Equal([true, false], (await runtime.Client.GetHistoryAsync(id)).OfType<TimerFiredEvent>().Select(t => t.GivesUp));

        async Task GiveUpAsync()
        {
            var waiting = await Eventually.UntilAsync(
                async () => WaitingAttempt.In(await runtime.Client.GetHistoryAsync(id)), found => found.Count > 0, TimeSpan.FromSeconds(60), "it waits for its next attempt");
            Assert.True(await runtime.Client.SteerAsync(id, new Steering.GiveUp([.. waiting.Select(w => w.Timer)]), transaction: null));
        }
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
