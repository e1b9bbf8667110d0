using Bibind.Durable.Client;
using Bibind.Durable.History;
using Bibind.Testing;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Tests.Conformance;

/// <summary>A suspension that comes in the very batch that ends an execution.</summary>
public abstract partial class RuntimeConformance
{
    [Fact]
    public async Task A_suspension_in_the_batch_of_the_failure_does_not_outlive_a_rewind()
    {
        await using var runtime = await CreateAsync();
        var hub = new RecordingTaskHub(runtime.Hub);
        var isBroken = true;
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        runtime.Activity<string?, string>("Bad", async (_, _) =>
            {
                await open.Task;
                return Volatile.Read(ref isBroken) ? throw new InvalidOperationException("down") : "mended";
            })
            .Orchestrator<string?, string>("Main", (context, _) => context.CallActivityAsync<string>("Bad"));
        runtime.StartWorker(o => o.MaxConcurrentActivities = 0, hub: hub);
        runtime.StartWorker(o => o.MaxHeldInstances = 0, hub: hub);
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        await Eventually.TrueAsync(() => runtime.Runs.ContainsKey("Bad"));
        await hub.PauseAsync();
        open.SetResult();
        await Eventually.TrueAsync(() => hub.AnsweredActivities == 1);
        await runtime.Client.SuspendInstanceAsync(id, "hold");
        hub.Resume();
        Assert.Equal(OrchestrationRuntimeStatus.Failed, (await runtime.EndAsync(id)).RuntimeStatus);
        Assert.Single((await runtime.Client.GetHistoryAsync(id)).OfType<ExecutionSuspendedEvent>());
        Volatile.Write(ref isBroken, false);

        await runtime.Client.RewindInstanceAsync(id, "mended");

        Assert.Equal("mended", (await runtime.EndAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task A_suspension_in_the_batch_that_continues_as_new_holds_the_next_generation()
    {
        await using var runtime = await CreateAsync();
        runtime.Orchestrator<int, string>("Main", async (context, generation) =>
        {
            var item = await context.WaitForExternalEvent<string>("item");
            if (generation == 1)
            {
                context.ContinueAsNew(2);
            }

            return item;
        });
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main", 1);
        await runtime.Client.RaiseEventAsync(id, "item", "a");
        await runtime.Client.SuspendInstanceAsync(id, "hold");
        await runtime.Client.RaiseEventAsync(id, "item", "b");

        runtime.StartWorker(o => o.CachedInstances = 0);

        await Eventually.TrueAsync(async () => (await runtime.Client.GetStateAsync(id))!.RuntimeStatus == OrchestrationRuntimeStatus.Suspended);
        Assert.Equal(2, (await runtime.Client.GetStateAsync(id))!.ReadInputAs<int>());
        await runtime.Client.ResumeInstanceAsync(id);
        Assert.Equal("b", (await runtime.EndAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task The_result_of_a_failure_is_its_own_message_however_many_levels_it_came_up()
    {
        await using var runtime = await CreateAsync();
        runtime.Activity<string?, string>("Bad", (_, _) => throw new InvalidOperationException("boom", new ArgumentException("root")))
            .Orchestrator<string?, string>("Grandchild", (context, _) => context.CallActivityAsync<string>("Bad"))
            .Orchestrator<string?, string>("Child", (context, _) => context.CallSubOrchestratorAsync<string>("Grandchild"))
            .Orchestrator<string?, string>("Main", (context, _) => context.CallSubOrchestratorAsync<string>("Child"));
        runtime.StartWorker();

        var end = await runtime.RunAsync("Main");

        var history = await runtime.Client.GetHistoryAsync(end.InstanceId);
        Assert.Equal("boom", Assert.Single(history.OfType<ExecutionCompletedEvent>()).Result);
        Assert.Equal("boom", Assert.Single(history.OfType<SubOrchestrationInstanceFailedEvent>()).Reason);
        Assert.Equal("root", end.FailureDetails!.Root.ErrorMessage);
        Assert.StartsWith("Task 'Child' (#0) failed with an unhandled exception: Task 'Grandchild' (#0)", end.FailureDetails!.ErrorMessage, StringComparison.Ordinal);
    }
}
