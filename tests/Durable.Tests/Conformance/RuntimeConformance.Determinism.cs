using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Tests.Conformance;

/// <summary>What an orchestrator may rely on, and what it may not wait for.</summary>
public abstract partial class RuntimeConformance
{
    [Fact]
    public async Task Deterministic_values_are_the_same_at_every_replay()
    {
        await using var runtime = await CreateAsync();
        runtime.Activity<Guid, Guid>("Echo", id => id)
            .Orchestrator<string?, bool>("Main", async (context, _) =>
            {
                var (first, second) = (context.NewGuid(), context.NewGuid());
                var echoed = await context.CallActivityAsync<Guid>("Echo", first);
                return echoed == first && first != second && first.Version == 5;
            });
        // Without a cache every turn replays.
        runtime.StartWorker(o => o.CachedInstances = 0);

        Assert.True((await runtime.RunAsync("Main")).ReadOutputAs<bool>());
    }

    [Fact]
    public async Task An_orchestrator_that_awaits_something_else_fails_instead_of_hanging()
    {
        await using var runtime = await CreateAsync();
        runtime.Orchestrator<string?, int>("Main", async (_, _) =>
        {
            await new TaskCompletionSource().Task;
            return 1;
        });
        runtime.StartWorker();

        var end = await runtime.RunAsync("Main");

        Assert.Equal(OrchestrationRuntimeStatus.Failed, end.RuntimeStatus);
        Assert.Contains("only activities, timers, events", end.FailureDetails!.ErrorMessage, StringComparison.Ordinal);
    }
}
