using Bibind.Durable.Client;
using Bibind.Testing;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Tests.Conformance;

/// <summary>What every engine must do, ours and others, seen through the client. One class derives from this for each engine.</summary>
public abstract partial class EngineConformance
{
    protected abstract Task<TestEngine> CreateEngineAsync();

    [Fact]
    public async Task A_sequence_of_activities_gives_its_result()
    {
        await using var runtime = await CreateEngineAsync();
        runtime.Activity<string, string>("Hello", name => $"Hello, {name}!")
            .Orchestrator<string?, string>("Main", async (context, _) =>
            {
                var text = string.Empty;
                foreach (var city in new[] { "Tokyo", "Seattle", "London" })
                {
                    text += await context.CallActivityAsync<string>("Hello", city);
                }

                return text;
            });
        runtime.StartAnyWorker();

        var end = await runtime.RunAsync("Main");

        Assert.Equal(OrchestrationRuntimeStatus.Completed, end.RuntimeStatus);
        Assert.Equal("Hello, Tokyo!Hello, Seattle!Hello, London!", end.ReadOutputAs<string>());
        Assert.Equal(3, runtime.Runs["Hello"]);
    }

    [Fact]
    public async Task A_fan_out_joins_every_answer()
    {
        await using var runtime = await CreateEngineAsync();
        runtime.Activity<int, int>("Square", n => n * n)
            .Orchestrator<int, int>("Main", async (context, count) =>
                (await Task.WhenAll(Enumerable.Range(1, count).Select(n => context.CallActivityAsync<int>("Square", n)))).Sum());
        runtime.StartAnyWorker(maxConcurrentActivities: 7);

        var end = await runtime.RunAsync("Main", 200);

        Assert.Equal(Enumerable.Range(1, 200).Sum(n => n * n), end.ReadOutputAs<int>());
        Assert.Equal(200, runtime.Runs["Square"]);
    }

    [Fact]
    public async Task A_timer_fires_not_before_its_time()
    {
        await using var runtime = await CreateEngineAsync();
        runtime.Orchestrator<string?, double>("Main", async (context, _) =>
        {
            var start = context.CurrentUtcDateTime;
            await context.CreateTimer(TimeSpan.FromMilliseconds(300));
            return (context.CurrentUtcDateTime - start).TotalMilliseconds;
        });
        runtime.StartAnyWorker();

        var end = await runtime.RunAsync("Main");

        Assert.InRange(end.ReadOutputAs<double>(), 300, 30_000);
    }

    [Fact]
    public async Task A_permanent_failure_is_not_retried_and_its_reason_reaches_the_orchestrator()
    {
        await using var runtime = await CreateEngineAsync();
        runtime.Activity<string?, int>("Refuse", (_, _) => throw new PermanentFailureException("the disk is gone"))
            .Orchestrator<string?, string>("Main", async (context, _) =>
            {
                try
                {
                    await context.CallActivityAsync<int>("Refuse", null, new TaskOptions { Retry = new RetryPolicy(5, TimeSpan.FromMilliseconds(10)) });
                    return "no failure";
                }
                catch (TaskFailedException failure)
                {
                    return failure.Reason;
                }
            });
        runtime.StartAnyWorker();

        var end = await runtime.RunAsync("Main");

        Assert.Equal("the disk is gone", end.ReadOutputAs<string>());
        Assert.Equal(1, runtime.Runs["Refuse"]);
    }

    [Fact]
    public async Task An_uncaught_failure_fails_the_instance_with_the_reason()
    {
        await using var runtime = await CreateEngineAsync();
        runtime.Activity<string?, int>("Fail", (_, _) => throw new InvalidOperationException("boom"))
            .Orchestrator<string?, int>("Main", (context, _) => context.CallActivityAsync<int>("Fail"));
        runtime.StartAnyWorker();

        var end = await runtime.RunAsync("Main");

        Assert.Equal(OrchestrationRuntimeStatus.Failed, end.RuntimeStatus);
        Assert.Equal("Task 'Fail' (#0) failed with an unhandled exception: boom", end.FailureDetails!.ErrorMessage);
        Assert.Equal("boom", end.FailureDetails.Root.ErrorMessage);
        Assert.Equal(typeof(InvalidOperationException).FullName, end.FailureDetails.Root.ErrorType);
    }

    [Fact]
    public async Task Events_reach_their_waiters_oldest_first_and_wait_for_one_that_comes_late()
    {
        await using var runtime = await CreateEngineAsync();
        runtime.Orchestrator<string?, string>("Main", async (context, _) =>
        {
            var first = await context.WaitForExternalEvent<string>("Order");
            var second = await context.WaitForExternalEvent<string>("ORDER");
            return first + second;
        });
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        await runtime.Client.RaiseEventAsync(id, "order", "a");
        runtime.StartAnyWorker();
        await runtime.Client.RaiseEventAsync(id, "Order", "b");

        Assert.Equal("ab", (await runtime.EndAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task An_event_that_does_not_come_in_time_is_a_timeout_and_the_next_one_is_not_swallowed()
    {
        await using var runtime = await CreateEngineAsync();
        runtime.Orchestrator<string?, string>("Main", async (context, _) =>
        {
            try
            {
                return await context.WaitForExternalEvent<string>("go", TimeSpan.FromMilliseconds(50));
            }
            catch (OperationCanceledException)
            {
                context.SetCustomStatus("late");
                return "late:" + await context.WaitForExternalEvent<string>("go");
            }
        });
        runtime.StartAnyWorker();
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        await Eventually.TrueAsync(async () => (await runtime.Client.GetStateAsync(id))!.ReadCustomStatusAs<string>() == "late");
        await runtime.Client.RaiseEventAsync(id, "go", "x");

        Assert.Equal("late:x", (await runtime.EndAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task A_sub_orchestration_answers_its_parent_and_its_failure_is_the_parents_to_catch()
    {
        await using var runtime = await CreateEngineAsync();
        runtime.Orchestrator<int, int>("Child", (_, n) => n > 0 ? Task.FromResult(n * n) : throw new InvalidOperationException("not positive"))
            .Orchestrator<string?, string>("Main", async (context, _) =>
            {
                var square = await context.CallSubOrchestratorAsync<int>("Child", 20);
                try
                {
                    await context.CallSubOrchestratorAsync<int>("Child", -1);
                    return "no failure";
                }
                catch (TaskFailedException failure)
                {
                    return $"{square}:{failure.Reason}";
                }
            });
        runtime.StartAnyWorker();

        Assert.Equal("400:not positive", (await runtime.RunAsync("Main")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Continue_as_new_starts_over_and_carries_events_exactly_once()
    {
        await using var runtime = await CreateEngineAsync();
        runtime.Orchestrator<List<string>, string>("Main", async (context, got) =>
        {
            got.Add(await context.WaitForExternalEvent<string>("item"));
            if (got.Count < 4)
            {
                context.ContinueAsNew(got);
                return string.Empty;
            }

            return string.Concat(got);
        });
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main", new List<string>());
        foreach (var item in new[] { "a", "b", "c" })
        {
            await runtime.Client.RaiseEventAsync(id, "item", item);
        }

        runtime.StartAnyWorker();
        await runtime.Client.RaiseEventAsync(id, "item", "d");

        Assert.Equal("abcd", (await runtime.EndAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task An_instance_id_is_taken_until_the_instance_has_ended_and_may_be_replaced()
    {
        await using var runtime = await CreateEngineAsync();
        runtime.Orchestrator<string, string>("Main", (context, input) => Task.FromResult(input));
        await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main", "first", new HubStartOptions { InstanceId = "one" });
        await Assert.ThrowsAsync<OrchestrationAlreadyExistsException>(() =>
            runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main", "second", new HubStartOptions { InstanceId = "one" }));
        runtime.StartAnyWorker();
        await runtime.EndAsync("one");

        await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main", "third", new HubStartOptions
        {
            InstanceId = "one",
            ReplaceableStatuses = [OrchestrationRuntimeStatus.Completed],
        });

        Assert.Equal("third", (await runtime.EndAsync("one")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task A_retry_handler_decides_whether_and_after_how_long_a_wait_a_call_is_repeated()
    {
        await using var runtime = await CreateEngineAsync();
        runtime.Activity<string, string>("Flaky", input =>
            runtime.Runs["Flaky"] < 3 ? throw new TimeoutException($"attempt {runtime.Runs["Flaky"]}") : input)
            .Orchestrator<string?, string>("Main", async (context, _) => await context.CallActivityAsync<string>(
                "Flaky",
                "done",
                TaskOptions.FromRetryHandler(async retry =>
                {
                    await retry.OrchestrationContext.CreateTimer(TimeSpan.FromMilliseconds(5));
                    return retry.LastFailure.IsCausedBy<TimeoutException>() && retry.LastAttemptNumber < 5;
                })))
            .Orchestrator<string?, string>("Once", async (context, _) => await context.CallActivityAsync<string>(
                "Refuse", "x", TaskOptions.FromRetryHandler(_ => true)))
            .Activity<string, string>("Refuse", _ => throw new PermanentFailureException("never"));
        runtime.StartAnyWorker();

        Assert.Equal("done", (await runtime.RunAsync("Main")).ReadOutputAs<string>());
        Assert.Equal("never", (await runtime.RunAsync("Once")).FailureDetails!.Root.ErrorMessage);
        Assert.Equal((3, 1), (runtime.Runs["Flaky"], runtime.Runs["Refuse"]));
    }

    [Fact]
    public async Task A_failing_activity_is_retried_by_its_policy()
    {
        await using var runtime = await CreateEngineAsync();
        runtime.Activity<string?, int>("Flaky", _ => runtime.Runs["Flaky"] < 3 ? throw new InvalidOperationException("again") : runtime.Runs["Flaky"])
            .Orchestrator<string?, int>("Main", (context, _) => context.CallActivityAsync<int>(
                "Flaky", null, new TaskOptions { Retry = new RetryPolicy(5, TimeSpan.FromMilliseconds(10), 2) }));
        runtime.StartAnyWorker();

        var end = await runtime.RunAsync("Main");

        Assert.Equal(3, end.ReadOutputAs<int>());
    }

    [Fact]
    public async Task The_history_shows_each_attempt_of_a_call_and_why_it_failed()
    {
        await using var runtime = await CreateEngineAsync();
        runtime.Activity<string, string>("Flaky", input => runtime.Runs["Flaky"] < 3 ? throw new InvalidOperationException("again") : input)
            .Orchestrator<string?, string>("Main", (context, _) => context.CallActivityAsync<string>(
                "Flaky", "x", new TaskOptions { Retry = new RetryPolicy(5, TimeSpan.FromMilliseconds(10)) }));
        runtime.StartAnyWorker();
        var end = await runtime.RunAsync("Main");

        var history = await runtime.Client.GetHistoryAsync(end.InstanceId);

        var calls = history.OfType<History.TaskScheduledEvent>().ToList();
        Assert.Equal([1, 2, 3], calls.Select(c => c.Attempt));
        Assert.Equal([null, calls[0].EventId, calls[0].EventId], calls.Select(c => c.FirstAttemptId));
        Assert.Equal(["again", "again"], history.OfType<History.TaskFailedEvent>().Select(f => f.FailureDetails!.Root.ErrorMessage));
        Assert.Equal(calls[2].EventId, Assert.Single(history.OfType<History.TaskCompletedEvent>()).TaskScheduledId);
        Assert.Empty(await runtime.Client.GetHistoryAsync("nobody"));
    }

    [Fact]
    public async Task States_tell_input_output_and_tags_and_leave_out_who_is_not_there()
    {
        await using var runtime = await CreateEngineAsync();
        runtime.Orchestrator<string, string>("Echo", (_, input) => Task.FromResult(input + "!"));
        runtime.StartAnyWorker();
        await runtime.Client.ScheduleNewOrchestrationInstanceAsync(
            "Echo", "hello", new HubStartOptions { InstanceId = "echo", Tags = new Dictionary<string, string> { ["who"] = "anna" } });
        await runtime.EndAsync("echo");

        var states = await runtime.Client.GetStatesAsync(["echo", "nobody"]);

        var state = Assert.Single(states).Value;
        Assert.Equal(("Echo", "hello", "hello!", "anna"), (state.Name, state.ReadInputAs<string>(), state.ReadOutputAs<string>(), state.Tags["who"]));
        Assert.NotNull(state.CompletedAt);
    }
}
