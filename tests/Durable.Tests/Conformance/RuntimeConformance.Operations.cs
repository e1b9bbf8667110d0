using Bibind.Durable.Client;
using Bibind.Durable.History;
using Bibind.Durable.Worker;
using Bibind.Testing;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Tests.Conformance;

/// <summary>Rewind, purge, versions, recursive termination, scheduled starts.</summary>
public abstract partial class RuntimeConformance
{
    [Fact]
    public async Task A_rewound_instance_asks_again_what_failed_and_keeps_what_succeeded()
    {
        await using var runtime = await CreateAsync();
        var broken = true;
        runtime.Activity<string?, string>("Good", _ => "good")
            .Activity<string?, string>("Bad", _ => Volatile.Read(ref broken) ? throw new InvalidOperationException("down") : "mended")
            .Orchestrator<string?, string>("Main", async (context, _) =>
                await context.CallActivityAsync<string>("Good")
                + await context.CallActivityAsync<string>("Bad", null, new TaskOptions { Retry = new RetryPolicy(2, TimeSpan.FromMilliseconds(10)) })
                + await context.CallActivityAsync<string>("Good"));
        runtime.StartWorker();
        var failed = await runtime.RunAsync("Main");
        Volatile.Write(ref broken, false);

        await runtime.Client.RewindInstanceAsync(failed.InstanceId, "mended");

        var end = await runtime.EndAsync(failed.InstanceId);
        Assert.Equal("goodmendedgood", end.ReadOutputAs<string>());
        Assert.NotEqual(failed.ExecutionId, end.ExecutionId);
        Assert.Null(end.FailureDetails);
        Assert.Equal(2, runtime.Runs["Good"]);
        Assert.Equal(3, runtime.Runs["Bad"]);
        Assert.Single((await runtime.Client.GetHistoryAsync(failed.InstanceId)).OfType<ExecutionRewoundEvent>());
    }

    [Fact]
    public async Task A_rewound_parent_rewinds_the_child_that_failed()
    {
        await using var runtime = await CreateAsync();
        var broken = true;
        runtime.Activity<string?, string>("Bad", _ => Volatile.Read(ref broken) ? throw new InvalidOperationException("down") : "mended")
            .Activity<string?, string>("Good", _ => "good")
            .Orchestrator<string?, string>("Child", async (context, _) =>
                await context.CallActivityAsync<string>("Good") + await context.CallActivityAsync<string>("Bad"))
            .Orchestrator<string?, string>("Main", (context, _) => context.CallSubOrchestratorAsync<string>("Child"));
        runtime.StartWorker();
        var failed = await runtime.RunAsync("Main");
        Volatile.Write(ref broken, false);

        await runtime.Client.RewindInstanceAsync(failed.InstanceId, "again");

        Assert.Equal("goodmended", (await runtime.EndAsync(failed.InstanceId)).ReadOutputAs<string>());
        Assert.Equal(1, runtime.Runs["Good"]);
    }

    [Fact]
    public async Task A_failure_that_was_answered_with_further_actions_stays_when_rewound()
    {
        await using var runtime = await CreateAsync();
        runtime.Activity<string?, string>("Bad", _ => throw new InvalidOperationException("down"))
            .Activity<string?, string>("Undo", _ => "undone")
            .Orchestrator<string?, string>("Main", async (context, _) =>
            {
                try
                {
                    return await context.CallActivityAsync<string>("Bad");
                }
                catch (TaskFailedException)
                {
                    await context.CallActivityAsync<string>("Undo");
                    throw;
                }
            });
        runtime.StartWorker();
        var failed = await runtime.RunAsync("Main");

        await runtime.Client.RewindInstanceAsync(failed.InstanceId, "again");

        var end = await runtime.EndAsync(failed.InstanceId);
        Assert.Equal("down", end.FailureDetails!.Root.ErrorMessage);
        Assert.Equal(1, runtime.Runs["Bad"]);
        Assert.Equal(1, runtime.Runs["Undo"]);
    }

    [Fact]
    public async Task Only_a_failed_instance_can_be_rewound()
    {
        await using var runtime = await CreateAsync();
        runtime.Orchestrator<string?, int>("Main", (_, _) => Task.FromResult(1));
        runtime.StartWorker();
        var done = await runtime.RunAsync("Main");

        await Assert.ThrowsAsync<InvalidOperationException>(() => runtime.Client.RewindInstanceAsync(done.InstanceId, "again"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => runtime.Client.RewindInstanceAsync("nobody", "again"));
    }

    [Fact]
    public async Task Ended_instances_are_purged_by_status_and_time()
    {
        await using var runtime = await CreateAsync();
        runtime.Orchestrator<bool, int>("Main", (_, good) => good ? Task.FromResult(1) : throw new InvalidOperationException("no"))
            .Orchestrator<string?, int>("Wait", (context, _) => context.WaitForExternalEvent<int>("never"));
        runtime.StartWorker();
        var good = await runtime.RunAsync("Main", true);
        var bad = await runtime.RunAsync("Main", false);
        var waiting = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Wait");

        Assert.Equal(0, (await runtime.Client.PurgeAllInstancesAsync(new HubPurgeFilter { CompletedBefore = DateTimeOffset.UtcNow.AddDays(-1) })).PurgedInstanceCount);
        Assert.Equal(1, (await runtime.Client.PurgeAllInstancesAsync(new HubPurgeFilter { Statuses = [OrchestrationRuntimeStatus.Completed] })).PurgedInstanceCount);
        Assert.Null(await runtime.Client.GetStateAsync(good.InstanceId));
        Assert.Equal(1, (await runtime.Client.PurgeAllInstancesAsync(new HubPurgeFilter())).PurgedInstanceCount);
        Assert.Null(await runtime.Client.GetStateAsync(bad.InstanceId));
        Assert.NotNull(await runtime.Client.GetStateAsync(waiting));
    }

    [Fact]
    public async Task A_recursive_termination_ends_the_children_too()
    {
        await using var runtime = await CreateAsync();
        runtime.Orchestrator<string?, int>("Grandchild", (context, _) => context.WaitForExternalEvent<int>("never"))
            .Orchestrator<string?, int>("Child", (context, _) =>
                context.CallSubOrchestratorAsync<int>("Grandchild", null, new SubOrchestrationOptions { InstanceId = "grandchild" }))
            .Orchestrator<string?, int>("Main", (context, _) =>
                context.CallSubOrchestratorAsync<int>("Child", null, new SubOrchestrationOptions { InstanceId = "child" }));
        runtime.StartWorker();
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        await Eventually.TrueAsync(async () => (await runtime.Client.GetStateAsync("grandchild"))?.RuntimeStatus == OrchestrationRuntimeStatus.Running);

        await runtime.Client.TerminateInstanceAsync(id, new TerminateInstanceOptions("all of it", Recursive: true));

        foreach (var instance in new[] { id, "child", "grandchild" })
        {
            Assert.Equal(OrchestrationRuntimeStatus.Terminated, (await runtime.EndAsync(instance)).RuntimeStatus);
        }
    }

    [Fact]
    public async Task A_worker_of_one_version_leaves_other_versions_to_other_workers()
    {
        await using var runtime = await CreateAsync();
        runtime.Orchestrator<string?, string>("Main", (context, _) => Task.FromResult(context.Version));
        runtime.StartWorker(o => o.Versioning = new VersioningOptions { Version = "1.0", MatchStrategy = VersionMatchStrategy.Strict });
        await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main", null, new HubStartOptions { InstanceId = "two", Version = "2.0" });
        await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main", null, new HubStartOptions { InstanceId = "one", Version = "1.0" });
        Assert.Equal("1.0", (await runtime.EndAsync("one")).ReadOutputAs<string>());
        Assert.Equal(OrchestrationRuntimeStatus.Pending, (await runtime.Client.GetStateAsync("two"))!.RuntimeStatus);

        runtime.StartWorker(o => o.Versioning = new VersioningOptions { Version = "2.0", MatchStrategy = VersionMatchStrategy.Strict });

        Assert.Equal("2.0", (await runtime.EndAsync("two")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task A_scheduled_start_waits_for_its_time()
    {
        await using var runtime = await CreateAsync();
        runtime.Orchestrator<string?, DateTime>("Main", (context, _) => Task.FromResult(context.CurrentUtcDateTime));
        runtime.StartWorker();
        var at = DateTimeOffset.UtcNow.AddMilliseconds(400);

        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main", null, new HubStartOptions { StartAt = at });

        Assert.Equal(OrchestrationRuntimeStatus.Pending, (await runtime.Client.GetStateAsync(id))!.RuntimeStatus);
        Assert.True((await runtime.EndAsync(id)).ReadOutputAs<DateTime>() >= at.UtcDateTime.AddMilliseconds(-1));
    }

    [Fact]
    public async Task Large_texts_survive_in_every_place()
    {
        await using var runtime = await CreateAsync();
        var large = new string('ä', 200_000);
        runtime.Activity<string, string>("Echo", text => text)
            .Orchestrator<string, string>("Child", (context, text) => context.CallActivityAsync<string>("Echo", text))
            .Orchestrator<string, string>("Main", async (context, text) =>
            {
                var first = await context.CallActivityAsync<string>("Echo", text);
                var second = await context.CallSubOrchestratorAsync<string>("Child", first);
                var third = await context.WaitForExternalEvent<string>("more");
                return first == text && second == text && third == text ? text : "changed";
            });
        // Without memory between turns, and with activities leased from the hub, every text is read back.
        runtime.StartWorker(o => (o.CachedInstances, o.MaxConcurrentActivities) = (0, 0));
        runtime.StartWorker(o => o.MaxHeldInstances = 0);
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main", large);
        await runtime.Client.RaiseEventAsync(id, "more", large);

        var end = await runtime.EndAsync(id);

        Assert.Equal(large, end.ReadOutputAs<string>());
        Assert.All(await runtime.Client.GetHistoryAsync(id), line => Assert.Null(line.Payload));
        Assert.Equal(1, (await runtime.Client.PurgeInstanceAsync(id)).PurgedInstanceCount);
    }

    [Fact]
    public async Task A_retry_handler_decides_and_a_permanent_failure_is_not_asked()
    {
        await using var runtime = await CreateAsync();
        runtime.Activity<string?, int>("Flaky", (_, _) => throw new InvalidOperationException("again", new ArgumentException("root")))
            .Orchestrator<string?, string>("Main", async (context, _) =>
            {
                var asked = 0;
                try
                {
                    await context.CallActivityAsync<int>("Flaky", null, new TaskOptions
                    {
                        Retry = new RetryPolicy(10, TimeSpan.FromMilliseconds(5)) { HandleFailure = failure => ++asked < 3 && failure.InnerFailure is not null },
                    });
                    return "no failure";
                }
                catch (TaskFailedException failure)
                {
                    return $"{asked}:{failure.Reason}";
                }
            });
        runtime.StartWorker();

        Assert.Equal("3:root", (await runtime.RunAsync("Main")).ReadOutputAs<string>());
    }
}
