using Bibind.Durable.Client;
using Bibind.Testing;
using Bibind.Testing.Servers;
using Microsoft.DurableTask;

namespace Bibind.Durable.Tests.Scheduler;

/// <summary>What is of this engine alone: work that comes twice, streams that break, workers that stop, and what it cannot do.</summary>
public sealed class SchedulerTests(SchedulerHost host) : IClassFixture<SchedulerHost>
{
    [Fact]
    public async Task Work_that_is_delivered_twice_and_streams_that_break_change_no_outcome()
    {
        await using var faulty = await SchedulerServer.StartAsync(dropAfter: 7, duplicateEvery: 3);
        await using var engine = new SchedulerEngine(faulty.Address);
        engine.Activity<int, int>("Square", n => n * n)
            .Orchestrator<int, int>("Main", async (context, count) =>
            {
                var sum = 0;
                for (var n = 1; n <= count; n++)
                {
                    sum += await context.CallActivityAsync<int>("Square", n);
                }

                return sum;
            });
        engine.StartAnyWorker();

        var ends = await Task.WhenAll(Enumerable.Range(1, 4).Select(n => engine.RunAsync("Main", 5, $"run-{n}")));

        Assert.All(ends, end => Assert.Equal(55, end.ReadOutputAs<int>()));
        Assert.True(engine.Runs["Square"] > 20);
    }

    [Fact]
    public async Task An_activity_that_a_stopping_worker_cancels_is_run_by_the_next_and_counts_as_no_failure()
    {
        await using var engine = new SchedulerEngine(host.Address);
        var isBlocked = true;
        engine.Activity<string?, string>("Slow", async (context, _) =>
            {
                if (Volatile.Read(ref isBlocked))
                {
                    await Task.Delay(Timeout.Infinite, context.CancellationToken);
                }

                return "done";
            })
            .Orchestrator<string?, string>("Main", (context, _) => context.CallActivityAsync<string>("Slow"));
        var first = engine.StartWorker();
        var id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        await Eventually.TrueAsync(() => engine.Runs.ContainsKey("Slow"));

        await first.StopAsync(TestContext.Current.CancellationToken);
        Volatile.Write(ref isBlocked, false);
        engine.StartWorker();

        Assert.Equal("done", (await engine.EndAsync(id)).ReadOutputAs<string>());
        Assert.Empty((await engine.Client.GetHistoryAsync(id)).OfType<History.TaskFailedEvent>());
    }

    [Fact]
    public async Task Activities_of_one_name_run_in_this_process_as_many_at_once_as_its_limit_says()
    {
        await using var engine = new SchedulerEngine(host.Address);
        var (running, most) = (0, 0);
        engine.Activity<int, int>("Limited", async (_, n) =>
            {
                var now = Interlocked.Increment(ref running);
                InterlockedMax(ref most, now);
                await Task.Yield();
                Interlocked.Decrement(ref running);
                return n;
            })
            .Orchestrator<int, int>("Main", async (context, count) =>
                (await Task.WhenAll(Enumerable.Range(1, count).Select(n => context.CallActivityAsync<int>("Limited", n)))).Length);
        engine.StartWorker(new Dictionary<string, int> { ["Limited"] = 2 });

        Assert.Equal(40, (await engine.RunAsync("Main", 40)).ReadOutputAs<int>());
        Assert.InRange(most, 1, 2);
    }

    [Fact]
    public async Task What_only_our_hub_can_do_is_refused_in_words()
    {
        await using var engine = new SchedulerEngine(host.Address);

        await Assert.ThrowsAsync<NotSupportedException>(() => engine.Client.QueryStatesAsync(new HubQuery { Name = "Main" }));
        await Assert.ThrowsAsync<NotSupportedException>(() => engine.Client.ReleaseQuarantinedAsync("any"));
        await Assert.ThrowsAsync<NotSupportedException>(() => engine.Client.PurgeAllInstancesAsync(new HubPurgeFilter { CompletedBefore = DateTimeOffset.UtcNow }));
        await Assert.ThrowsAsync<ArgumentException>(() => engine.Client.ScheduleNewOrchestrationInstanceAsync("Main", null, new StartOrchestrationOptions("a/b")));
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = Volatile.Read(ref most); value > seen && Interlocked.CompareExchange(ref most, value, seen) != seen; seen = Volatile.Read(ref most))
        {
        }
    }
}
