using Bibind.Durable.Client;
using Bibind.Durable.Hubs;
using Bibind.Testing;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Tests.Conformance;

/// <summary>Code that ends the process or never yields harms only its own instance.</summary>
public abstract partial class RuntimeConformance
{
    [Fact]
    public async Task An_instance_whose_leases_end_without_a_turn_is_isolated_shown_and_released()
    {
        await using var runtime = await CreateAsync();
        runtime.Orchestrator<string?, int>("Main", (_, _) => Task.FromResult(1));
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        await CrashAsync(runtime, leases: 3);

        runtime.StartWorker(o => o.MaxAttemptsWithoutTurn = 3);

        await Eventually.TrueAsync(async () => (await runtime.Client.GetStateAsync(id))!.QuarantineReason is not null);
        var isolated = Assert.Single((await runtime.Client.QueryStatesAsync(new HubQuery { Quarantined = true })).Instances);
        Assert.Equal(id, isolated.InstanceId);
        Assert.Contains("3 times", isolated.QuarantineReason, StringComparison.Ordinal);
        Assert.False(isolated.IsCompleted);

        Assert.True(await runtime.Client.ReleaseQuarantinedAsync(id));
        Assert.Equal(1, (await runtime.EndAsync(id)).ReadOutputAs<int>());
        Assert.False(await runtime.Client.ReleaseQuarantinedAsync(id));
    }

    [Fact]
    public async Task A_poisoned_instance_can_be_terminated_without_its_code_being_run()
    {
        await using var runtime = await CreateAsync();
        var runs = 0;
        runtime.Orchestrator<string?, int>("Main", (_, _) => Task.FromResult(Interlocked.Increment(ref runs)));
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        await CrashAsync(runtime, leases: 3);
        runtime.StartWorker(o => o.MaxAttemptsWithoutTurn = 3);
        await Eventually.TrueAsync(async () => (await runtime.Client.GetStateAsync(id))!.QuarantineReason is not null);

        await runtime.Client.TerminateInstanceAsync(id, "poison");
        await runtime.Client.ReleaseQuarantinedAsync(id);

        Assert.Equal(OrchestrationRuntimeStatus.Terminated, (await runtime.EndAsync(id)).RuntimeStatus);
        Assert.Equal(0, runs);
    }

    [Fact]
    public async Task An_orchestrator_that_never_yields_starves_no_other_and_is_isolated()
    {
        await using var runtime = await CreateAsync();
        using var forever = new ManualResetEventSlim();
        runtime.Orchestrator<string?, int>("Stuck", (_, _) =>
            {
                forever.Wait();
                return Task.FromResult(0);
            })
            .Orchestrator<int, int>("Fine", (_, n) => Task.FromResult(n));
        runtime.StartWorker(o =>
        {
            (o.MaxConcurrentTurns, o.MaxAttemptsWithoutTurn) = (1, 2);
            (o.MaxTurnDuration, o.LeaseDuration) = (TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(600));
        });
        try
        {
            var stuck = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Stuck");
            Assert.Equal(7, (await runtime.RunAsync("Fine", 7)).ReadOutputAs<int>());
            await Eventually.TrueAsync(async () => (await runtime.Client.GetStateAsync(stuck))!.QuarantineReason is not null);
            Assert.Equal(8, (await runtime.RunAsync("Fine", 8)).ReadOutputAs<int>());
        }
        finally
        {
            forever.Set();
        }
    }

    [Fact]
    public async Task An_activity_that_never_answers_is_failed_for_good_after_the_limit()
    {
        await using var runtime = await CreateAsync();
        runtime.Activity<string?, int>("Deadly", _ => 1)
            .Orchestrator<string?, int>("Main", (context, _) => context.CallActivityAsync<int>(
                "Deadly", null, new TaskOptions { Retry = new RetryPolicy(5, TimeSpan.FromMilliseconds(5)) }));
        runtime.StartWorker(o => (o.MaxConcurrentActivities, o.MaxActivityDeliveries) = (0, 2));
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        for (var delivery = 0; delivery < 2; delivery++)
        {
            await Eventually.TrueAsync(async () => (await runtime.Hub.LeaseAsync(
                new LeaseRequest("dies", 0, 1, TimeSpan.FromMilliseconds(1), []), CancellationToken.None)).Activities.Count == 1);
        }

        runtime.StartWorker(o => (o.MaxHeldInstances, o.MaxActivityDeliveries) = (0, 2));

        var end = await runtime.EndAsync(id);
        Assert.Equal(OrchestrationRuntimeStatus.Failed, end.RuntimeStatus);
        Assert.Contains("delivered 2 times", end.FailureDetails!.Root.ErrorMessage, StringComparison.Ordinal);
        Assert.True(end.FailureDetails!.Root.IsNonRetriable);
        Assert.False(runtime.Runs.ContainsKey("Deadly"));
    }

    // A worker that dies after each lease, as the hub sees it.
    private static async Task CrashAsync(TestRuntime runtime, int leases)
    {
        for (var lease = 0; lease < leases; lease++)
        {
            await Eventually.TrueAsync(async () => (await runtime.Hub.LeaseAsync(
                new LeaseRequest("dies", 1, 0, TimeSpan.FromMilliseconds(1), []), CancellationToken.None)).Instances.Count == 1);
        }
    }
}
