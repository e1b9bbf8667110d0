using Bibind.Durable.Client;
using Bibind.Testing;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Tests.Conformance;

/// <summary>What an instance is told from outside.</summary>
public abstract partial class EngineConformance
{
    [Fact]
    public async Task A_retry_that_waits_begins_at_once_when_its_timer_is_made_due()
    {
        await using var runtime = await CreateEngineAsync();
        runtime.Activity<string?, string>("Flaky", (_, _) => runtime.Runs["Flaky"] < 3 ? throw new InvalidOperationException("away") : Task.FromResult("done"))
            .Orchestrator<string?, string>("Main", (context, _) => context.CallActivityAsync<string>(
                "Flaky", null, new TaskOptions { Retry = new RetryPolicy(5, TimeSpan.FromHours(1)) }));
        runtime.StartAnyWorker();
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        for (var attempt = 1; attempt < 3; attempt++)
        {
            var timers = await Eventually.UntilAsync(
                async () => WaitingTimer.In(await runtime.Client.GetHistoryAsync(id)), found => found.Count > 0, TimeSpan.FromSeconds(60), "it waits for its next attempt");
            Assert.Equal(attempt, runtime.Runs["Flaky"]);

            // Told twice, it is done once: a timer that is set later is another.
            Assert.True(await runtime.Client.SteerAsync(id, new Steering.FireTimers(timers), transaction: null));
            await runtime.Client.SteerAsync(id, new Steering.FireTimers(timers), transaction: null);

            await Eventually.TrueAsync(() => runtime.Runs["Flaky"] > attempt);
        }

        Assert.Equal("done", (await runtime.EndAsync(id)).ReadOutputAs<string>());
        Assert.Equal(3, runtime.Runs["Flaky"]);
    }

    [Fact]
    public async Task A_retry_that_waits_is_given_up_and_the_call_fails_with_its_last_error()
    {
        await using var runtime = await CreateEngineAsync();
        var hourly = new TaskOptions { Retry = new RetryPolicy(5, TimeSpan.FromHours(1)) };
        runtime.Activity<string?, string>("Flaky", (_, _) => throw new InvalidOperationException($"away {runtime.Runs["Flaky"]}"))
            .Activity<string, string>("Undo", (_, reason) => Task.FromResult($"undone: {reason}"))
            .Orchestrator<string?, string>("Main", async (context, _) =>
            {
                var rest = context.CreateTimer(TimeSpan.FromHours(2));
                try
                {
                    return await context.CallActivityAsync<string>("Flaky", null, hourly);
                }
                catch (TaskFailedException failure)
                {
                    var undone = await context.CallActivityAsync<string>("Undo", failure.Reason);
                    context.SetCustomStatus(undone);
                    await rest;
                    return undone;
                }
            });
        runtime.StartAnyWorker();
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        var waiting = await Eventually.UntilAsync(
            async () => WaitingAttempt.In(await runtime.Client.GetHistoryAsync(id)), found => found.Count > 0, TimeSpan.FromSeconds(60), "it waits for its next attempt");
        Assert.Equal("Flaky", Assert.Single(waiting).Name);

        // Told twice, it is done once.
        Assert.True(await runtime.Client.SteerAsync(id, new Steering.GiveUp([waiting[0].Timer]), transaction: null));
        await runtime.Client.SteerAsync(id, new Steering.GiveUp([waiting[0].Timer]), transaction: null);

        await Eventually.TrueAsync(async () => (await runtime.Client.GetStateAsync(id))!.ReadCustomStatusAs<string>() == "undone: away 1");
        var history = await runtime.Client.GetHistoryAsync(id);
        Assert.Empty(WaitingAttempt.In(history));
        await runtime.Client.SteerAsync(id, new Steering.FireTimers(WaitingTimer.In(history)), transaction: null);
        Assert.Equal("undone: away 1", (await runtime.EndAsync(id)).ReadOutputAs<string>());
        Assert.Equal(1, runtime.Runs["Flaky"]);
    }

    [Fact]
    public async Task Of_several_timers_those_that_are_named_are_made_due()
    {
        await using var runtime = await CreateEngineAsync();
        runtime.Orchestrator<string?, string>("Main", async (context, _) =>
        {
            using var given = new CancellationTokenSource();
            var (hour, day) = (context.CreateTimer(TimeSpan.FromHours(1)), context.CreateTimer(TimeSpan.FromDays(1)));
            var week = context.CreateTimer(context.CurrentUtcDateTime.AddDays(7), given.Token);
            var first = await Task.WhenAny(hour, day, week);
            context.SetCustomStatus(first == day ? "day" : "another");
            await hour;
            given.Cancel();
            return first == day ? "day" : "another";
        });
        runtime.StartAnyWorker();
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        var timers = await Eventually.UntilAsync(
            async () => WaitingTimer.In(await runtime.Client.GetHistoryAsync(id)), found => found.Count == 3, TimeSpan.FromSeconds(60), "it waits for three timers");
        var inOrder = timers.OrderBy(t => t.FireAt).ToArray();

        await runtime.Client.SteerAsync(id, new Steering.FireTimers([inOrder[1]]), transaction: null);
        await Eventually.TrueAsync(async () => (await runtime.Client.GetStateAsync(id))!.SerializedCustomStatus is not null);
        await runtime.Client.SteerAsync(id, new Steering.FireTimers([inOrder[0]]), transaction: null);

        Assert.Equal("day", (await runtime.EndAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Terminate_ends_an_instance_that_waits_for_an_activity()
    {
        await using var runtime = await CreateEngineAsync();
        using var gate = new SemaphoreSlim(0);
        runtime.Activity<string?, int>("Slow", async (context, _) =>
            {
                await gate.WaitAsync(context.CancellationToken);
                return 1;
            })
            .Orchestrator<string?, int>("Main", (context, _) => context.CallActivityAsync<int>("Slow"));
        runtime.StartAnyWorker();
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        await Eventually.TrueAsync(() => runtime.Runs.ContainsKey("Slow"));

        await runtime.Client.TerminateInstanceAsync(id, "enough");

        var end = await runtime.EndAsync(id);
        Assert.Equal(OrchestrationRuntimeStatus.Terminated, end.RuntimeStatus);
        // Our hub keeps a text as it is, the framework as JSON.
        Assert.Equal("enough", end.SerializedOutput!.Trim('"'));
        gate.Release();
    }

    [Fact]
    public async Task A_suspended_instance_goes_on_only_when_resumed()
    {
        await using var runtime = await CreateEngineAsync();
        runtime.Orchestrator<string?, string>("Main", (context, _) => context.WaitForExternalEvent<string>("go"));
        runtime.StartAnyWorker();
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        await runtime.Client.SuspendInstanceAsync(id, "hold");
        await Eventually.TrueAsync(async () => (await runtime.Client.GetStateAsync(id))!.RuntimeStatus == OrchestrationRuntimeStatus.Suspended);
        await runtime.Client.RaiseEventAsync(id, "go", "x");
        await runtime.Client.ResumeInstanceAsync(id);

        Assert.Equal("x", (await runtime.EndAsync(id)).ReadOutputAs<string>());
    }
}
