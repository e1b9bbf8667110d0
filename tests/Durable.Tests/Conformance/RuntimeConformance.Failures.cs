using Bibind.Durable.Client;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Tests.Conformance;

public abstract partial class RuntimeConformance
{
    [Fact]
    public async Task A_wait_that_a_failure_asks_for_takes_the_place_of_attempts_and_the_last_one_is_left()
    {
        await using var runtime = await CreateAsync();
        runtime.Activity<string?, int>("Limited", (_, _) => throw new ActivityFailureException("come back later", isRetriable: true, TimeSpan.FromMilliseconds(250)))
            .Orchestrator<string?, int>("Main", (context, _) => context.CallActivityAsync<int>(
                "Limited", null, new TaskOptions { Retry = new RetryPolicy(6, TimeSpan.FromMilliseconds(100)) }));
        runtime.StartWorker();

        var end = await runtime.RunAsync("Main");

        // By the policy alone after 100, 200, 300, 400 and 500 ms; with the wait after 300 and 500.
        Assert.Equal(OrchestrationRuntimeStatus.Failed, end.RuntimeStatus);
        Assert.Equal(3, runtime.Runs["Limited"]);
        Assert.Equal(TimeSpan.FromMilliseconds(250), end.FailureDetails!.Root.RetryAfter);
    }

    [Fact]
    public async Task A_wait_that_is_shorter_than_the_policys_changes_nothing()
    {
        await using var runtime = await CreateAsync();
        runtime.Activity<string?, int>("Limited", (context, _) => context.Attempt < 3
                ? throw new ActivityFailureException("come back soon", isRetriable: true, TimeSpan.FromMilliseconds(1))
                : Task.FromResult(context.Attempt))
            .Orchestrator<string?, int>("Main", (context, _) => context.CallActivityAsync<int>(
                "Limited", null, new TaskOptions { Retry = new RetryPolicy(3, TimeSpan.FromMilliseconds(20)) }));
        runtime.StartWorker();

        var end = await runtime.RunAsync("Main");

        Assert.Equal(3, end.ReadOutputAs<int>());
    }

    [Fact]
    public async Task The_cause_of_an_activitys_own_failure_is_not_stored()
    {
        await using var runtime = await CreateAsync();
        runtime.Activity<string?, int>("Refuse", (_, _) => throw new PermanentFailureException("the disk is gone", new IOException("/dev/secret")))
            .Orchestrator<string?, int>("Main", (context, _) => context.CallActivityAsync<int>("Refuse"));
        runtime.StartWorker();

        var end = await runtime.RunAsync("Main");

        Assert.Equal("the disk is gone", end.FailureDetails!.Root.ErrorMessage);
        Assert.Equal(typeof(PermanentFailureException).FullName, end.FailureDetails!.Root.ErrorType);
        Assert.DoesNotContain(await runtime.Client.GetHistoryAsync(end.InstanceId, TestContext.Current.CancellationToken), line => $"{line}".Contains("/dev/secret", StringComparison.Ordinal));
    }
}
