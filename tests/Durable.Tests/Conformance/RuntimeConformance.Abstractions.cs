using Bibind.Durable.Client;
using DurableTask.Core.History;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Tests.Conformance;

/// <summary>What code that knows nothing but Microsoft.DurableTask's client and context expects.</summary>
public abstract partial class RuntimeConformance
{
    [Fact]
    public async Task The_clients_history_is_in_the_types_of_Durable_Task()
    {
        await using var runtime = await CreateAsync();
        runtime.Activity<string, string>("Refuse", _ => throw new PermanentFailureException("never", new InvalidOperationException("a driver's words")))
            .Orchestrator<string?, string>("Main", async (context, _) =>
            {
                await context.CreateTimer(TimeSpan.FromMilliseconds(1));
                try
                {
                    return await context.CallActivityAsync<string>("Refuse", "x");
                }
                catch (TaskFailedException failed)
                {
                    return failed.Reason;
                }
            });
        runtime.StartWorker();
        var end = await runtime.RunAsync("Main");

        var history = await runtime.Client.GetOrchestrationHistoryAsync(end.InstanceId);

        Assert.Equal((await runtime.Client.GetHistoryAsync(end.InstanceId)).Select(l => l.Timestamp), history.Select(l => l.Timestamp));
        var started = Assert.Single(history.OfType<ExecutionStartedEvent>());
        Assert.Equal((end.InstanceId, end.ExecutionId), (started.OrchestrationInstance.InstanceId, started.OrchestrationInstance.ExecutionId));
        Assert.Equal(Assert.Single(history.OfType<TimerCreatedEvent>()).EventId, Assert.Single(history.OfType<TimerFiredEvent>()).TimerId);
        var failure = Assert.Single(history.OfType<TaskFailedEvent>()).FailureDetails!;
        Assert.Equal(("never", true, null), (failure.ErrorMessage, failure.IsNonRetriable, failure.InnerFailure));
        Assert.Equal("\"never\"", Assert.Single(history.OfType<ExecutionCompletedEvent>()).Result);
    }

    [Fact]
    public async Task Instances_are_listed_page_by_page_with_their_texts_where_they_are_wanted()
    {
        await using var runtime = await CreateAsync();
        runtime.Orchestrator<int, int>("Double", (_, n) => Task.FromResult(2 * n));
        runtime.StartWorker();
        for (var n = 0; n < 5; n++)
        {
            await runtime.RunAsync("Double", n, $"double-{n}");
        }

        var pages = runtime.Client.GetAllInstancesAsync(new OrchestrationQuery(InstanceIdPrefix: "double-", PageSize: 2, FetchInputsAndOutputs: true)).AsPages();
        var sizes = new List<int>();
        var outputs = new List<int>();
        await foreach (var page in pages)
        {
            sizes.Add(page.Values.Count);
            outputs.AddRange(page.Values.Select(i => i.ReadOutputAs<int>()));
        }

        Assert.Equal([2, 2, 1], sizes);
        Assert.Equal([8, 6, 4, 2, 0], outputs);
        await foreach (var instance in runtime.Client.GetAllInstancesAsync(new OrchestrationQuery(InstanceIdPrefix: "double-3")))
        {
            Assert.Equal(("double-3", OrchestrationRuntimeStatus.Completed, null), (instance.InstanceId, instance.RuntimeStatus, instance.SerializedOutput));
        }
    }

    [Fact]
    public async Task An_ended_instance_is_restarted_in_its_place_or_beside_it()
    {
        await using var runtime = await CreateAsync();
        runtime.Orchestrator<string, string>("Echo", (context, input) => Task.FromResult($"{input} {context.Tags.GetValueOrDefault("who")}"));
        runtime.StartWorker();
        await runtime.Client.ScheduleNewOrchestrationInstanceAsync(
            "Echo", "hello", new HubStartOptions { InstanceId = "echo", Tags = new Dictionary<string, string> { ["who"] = "anna" } });
        var first = await runtime.EndAsync("echo");

        var same = await runtime.Client.RestartAsync("echo");
        var second = await runtime.EndAsync(same);
        var other = await runtime.Client.RestartAsync("echo", restartWithNewInstanceId: true);

        Assert.Equal(("echo", "hello anna"), (same, second.ReadOutputAs<string>()));
        Assert.NotEqual(first.ExecutionId, second.ExecutionId);
        Assert.NotEqual("echo", other);
        Assert.Equal("hello anna", (await runtime.EndAsync(other)).ReadOutputAs<string>());
        await Assert.ThrowsAsync<ArgumentException>(() => runtime.Client.RestartAsync("nobody"));
    }

    [Fact]
    public async Task The_start_is_waited_for_and_an_output_ends_the_instance()
    {
        await using var runtime = await CreateAsync();
        runtime.Orchestrator<string?, string>("Wait", (context, _) => context.WaitForExternalEvent<string>("never"));
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Wait", "input");
        var waiting = runtime.Client.WaitForInstanceStartAsync(id, getInputsAndOutputs: true);
        Assert.False(waiting.IsCompleted);
        runtime.StartWorker();

        var started = await waiting;
        await runtime.Client.TerminateInstanceAsync(id, new { why = "enough" });
        var end = await runtime.Client.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true);

        Assert.Equal((OrchestrationRuntimeStatus.Running, "input"), (started.RuntimeStatus, started.ReadInputAs<string>()));
        Assert.Equal((OrchestrationRuntimeStatus.Terminated, """{"why":"enough"}"""), (end.RuntimeStatus, end.SerializedOutput));
    }

    [Fact]
    public async Task An_id_whose_status_is_not_to_be_kept_is_taken_again()
    {
        await using var runtime = await CreateAsync();
        runtime.Orchestrator<string, string>("Echo", (_, input) => Task.FromResult(input));
        runtime.StartWorker();
        await runtime.RunAsync("Echo", "a", "taken");

        await Assert.ThrowsAsync<OrchestrationAlreadyExistsException>(() => runtime.Client.ScheduleNewOrchestrationInstanceAsync(
            "Echo", "b", new StartOrchestrationOptions("taken").WithDedupeStatuses(OrchestrationRuntimeStatus.Completed)));
        await runtime.Client.ScheduleNewOrchestrationInstanceAsync(
            "Echo", "b", new StartOrchestrationOptions("taken").WithDedupeStatuses(OrchestrationRuntimeStatus.Failed));

        Assert.Equal("b", (await runtime.EndAsync("taken")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Children_are_not_purged_with_their_parent_and_that_is_said()
    {
        await using var runtime = await CreateAsync();

        await Assert.ThrowsAsync<NotSupportedException>(() => runtime.Client.PurgeInstanceAsync("any", new PurgeInstanceOptions(Recursive: true)));
        Assert.Throws<NotSupportedException>(() => runtime.Client.Entities);
    }
}
