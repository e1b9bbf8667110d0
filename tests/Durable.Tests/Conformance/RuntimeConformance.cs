using Bibind.Durable.Client;
using Bibind.Testing;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Tests.Conformance;

/// <summary>What every hub of ours must do besides, seen from outside. One class derives from this for each hub.</summary>
public abstract partial class RuntimeConformance : EngineConformance
{
    protected abstract Task<TestRuntime> CreateAsync();

    protected sealed override async Task<TestEngine> CreateEngineAsync() => await CreateAsync();

    [Fact]
    public async Task A_failing_activity_is_retried_by_its_policy_and_the_count_is_durable()
    {
        await using var runtime = await CreateAsync();
        runtime.Activity<string?, int>("Flaky", (context, _) => context.Attempt < 3
                ? throw new InvalidOperationException($"attempt {context.Attempt}")
                : Task.FromResult(context.Attempt))
            .Orchestrator<string?, int>("Main", (context, _) => context.CallActivityAsync<int>(
                "Flaky", null, new TaskOptions { Retry = new RetryPolicy(5, TimeSpan.FromMilliseconds(10), 2) }));
        runtime.StartWorker();

        var end = await runtime.RunAsync("Main");

        Assert.Equal(3, end.ReadOutputAs<int>());
        Assert.Equal(3, runtime.Runs["Flaky"]);
    }

    [Fact]
    public async Task An_orchestrator_whose_code_changed_fails_with_both_sides_named_and_starts_nothing()
    {
        await using var runtime = await CreateAsync();
        var changed = false;
        runtime.Activity<string?, string>("Old", _ => "old")
            .Activity<string?, string>("New", _ => "new")
            .Orchestrator<string?, string>("Main", async (context, _) =>
            {
                await context.CallActivityAsync<string>(Volatile.Read(ref changed) ? "New" : "Old");
                return await context.WaitForExternalEvent<string>("go");
            });
        var first = runtime.StartWorker();
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        await Eventually.TrueAsync(async () => (await runtime.Client.GetHistoryAsync(id)).OfType<History.TaskCompletedEvent>().Any());
        await first.StopAsync();
        Volatile.Write(ref changed, true);
        runtime.StartWorker();

        await runtime.Client.RaiseEventAsync(id, "go", "x");

        var end = await runtime.EndAsync(id);
        Assert.Equal(OrchestrationRuntimeStatus.Failed, end.RuntimeStatus);
        Assert.Contains("'Old'", end.FailureDetails!.ErrorMessage, StringComparison.Ordinal);
        Assert.Contains("'New'", end.FailureDetails.ErrorMessage, StringComparison.Ordinal);
        Assert.False(runtime.Runs.ContainsKey("New"));
    }
}
