using System.Collections.Concurrent;
using Bibind.Durable.Client;
using Bibind.Durable.Worker;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Tests.Conformance;

/// <summary>Where no process lives on, workers are pumped.</summary>
public abstract partial class RuntimeConformance
{
    private static readonly TimeSpan Ample = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_worker_pumped_until_idle_finishes_what_is_due_and_stops()
    {
        await using var runtime = await CreateAsync();
        runtime.Activity<int, int>("Square", n => n * n)
            .Orchestrator<int, int>("Main", async (context, n) =>
            {
                var square = await context.CallActivityAsync<int>("Square", n);
                return await context.CallActivityAsync<int>("Square", square);
            });
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main", 3);

        var result = await runtime.CreateWorker().RunUntilIdleAsync(Ample);

        Assert.True(result.IsIdle);
        Assert.Null(result.NextDueAt);
        Assert.Equal(81, (await runtime.Client.GetStateAsync(id))!.ReadOutputAs<int>());
    }

    [Fact]
    public async Task A_pump_says_when_the_next_timer_is_due()
    {
        await using var runtime = await CreateAsync();
        runtime.Orchestrator<string?, int>("Main", async (context, _) =>
        {
            await context.CreateTimer(TimeSpan.FromHours(1));
            return 1;
        });
        await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        var before = DateTime.UtcNow;

        var result = await runtime.CreateWorker().RunUntilIdleAsync(Ample);

        Assert.True(result.IsIdle);
        Assert.InRange(result.NextDueAt!.Value, before.AddHours(1).AddSeconds(-1), DateTime.UtcNow.AddHours(1).AddSeconds(1));
    }

    [Fact]
    public async Task A_pump_whose_time_is_up_hands_over_what_is_left_to_the_next()
    {
        await using var runtime = await CreateAsync();
        var isSlow = true;
        runtime.Activity<int, int>("Step", async (context, n) =>
            {
                if (isSlow)
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, context.CancellationToken);
                }

                return n + 1;
            })
            .Orchestrator<int, int>("Main", (context, n) => context.CallActivityAsync<int>("Step", n));
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main", 1);
        var options = new TaskHubWorkerOptions { ShutdownTimeout = TimeSpan.FromMilliseconds(200) };

        var first = await runtime.CreateWorker(options).RunUntilIdleAsync(TimeSpan.FromSeconds(1));
        Assert.False(first.IsIdle);
        isSlow = false;
        var second = await runtime.CreateWorker().RunUntilIdleAsync(Ample);

        Assert.True(second.IsIdle);
        Assert.Equal(2, (await runtime.Client.GetStateAsync(id))!.ReadOutputAs<int>());
    }

    [Fact]
    public async Task An_activity_that_no_pump_has_time_for_fails_in_words_instead_of_beginning_anew_for_ever()
    {
        await using var runtime = await CreateAsync();
        runtime.Activity<int, int>("Endless", async (context, n) =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, context.CancellationToken);
                return n;
            })
            .Orchestrator<int, int>("Main", (context, n) => context.CallActivityAsync<int>("Endless", n));
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main", 1);
        var options = new TaskHubWorkerOptions { ShutdownTimeout = TimeSpan.FromMilliseconds(50), MaxActivityAbandons = 2 };

        for (var pump = 0; pump < 3; pump++)
        {
            Assert.False((await runtime.CreateWorker(options).RunUntilIdleAsync(TimeSpan.FromMilliseconds(500))).IsIdle);
        }

        Assert.True((await runtime.CreateWorker(options).RunUntilIdleAsync(Ample)).IsIdle);
        var end = (await runtime.Client.GetStateAsync(id))!;
        Assert.Equal(OrchestrationRuntimeStatus.Failed, end.RuntimeStatus);
        Assert.Contains("takes longer than one call lasts", end.FailureDetails!.Root.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pumps_at_the_same_time_share_the_work()
    {
        await using var runtime = await CreateAsync();
        var runs = new ConcurrentBag<string>();
        runtime.Activity<int, int>("Step", (context, n) =>
            {
                runs.Add($"{context.InstanceId}/{n}");
                return Task.FromResult(n + 1);
            })
            .Orchestrator<int, int>("Main", async (context, n) =>
            {
                for (var i = 0; i < 3; i++)
                {
                    n = await context.CallActivityAsync<int>("Step", n);
                }

                return n;
            });
        var ids = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main", 0)));

        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => runtime.CreateWorker().RunUntilIdleAsync(Ample)));

        Assert.All(await Task.WhenAll(ids.Select(id => runtime.EndAsync(id))), end => Assert.Equal(3, end.ReadOutputAs<int>()));
        Assert.Equal(90, runs.Count);
        Assert.Equal(90, runs.Distinct().Count());
    }

    [Fact]
    public async Task A_pump_leaves_an_activity_that_takes_too_long_to_a_worker_that_lives_on()
    {
        await using var runtime = await CreateAsync();
        runtime.Activity<int, int>("Long", n => n + 1)
            .Activity<int, int>("Short", n => n + 1)
            .Orchestrator<int, int>("Main", async (context, n) => await context.CallActivityAsync<int>("Long", await context.CallActivityAsync<int>("Short", n)));
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main", 1);
        var options = new TaskHubWorkerOptions { ActivityLimits = { ["Long"] = 0 } };

        Assert.True((await runtime.CreateWorker(options).RunUntilIdleAsync(Ample)).IsIdle);
        Assert.Equal(1, runtime.Runs["Short"]);
        Assert.False(runtime.Runs.ContainsKey("Long"));

        runtime.StartWorker();
        Assert.Equal(3, (await runtime.EndAsync(id)).ReadOutputAs<int>());
    }
}
