using System.Collections.Concurrent;
using Bibind.Durable.Client;
using Bibind.Durable.Hubs;
using Bibind.Testing;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Tests.Conformance;

/// <summary>What is limited stays within its limit, and nobody starves.</summary>
public abstract partial class RuntimeConformance
{
    [Fact]
    public async Task A_limited_activity_stays_within_its_limit_in_all_workers_together()
    {
        await using var runtime = await CreateAsync();
        var gauge = new Gauge();
        runtime.Activity<int, int>("Clone", async (_, n) => await gauge.RunAsync(n))
            .Orchestrator<int, int>("Main", (context, n) => context.CallActivityAsync<int>("Clone", n));
        for (var worker = 0; worker < 3; worker++)
        {
            runtime.StartWorker(o => o.ActivityLimits["clone"] = 2);
        }

        var ends = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => runtime.RunAsync("Main", n)));

        Assert.All(ends, end => Assert.Equal(OrchestrationRuntimeStatus.Completed, end.RuntimeStatus));
        Assert.Equal(20, runtime.Runs["Clone"]);
        Assert.InRange(gauge.Highest, 1, 2);
    }

    [Fact]
    public async Task A_full_limit_holds_up_no_other_activity()
    {
        await using var runtime = await CreateAsync();
        var open = new TaskCompletionSource();
        runtime.Activity<int, int>("Clone", async (_, n) =>
            {
                await open.Task;
                return n;
            })
            .Activity<int, int>("Other", n => n)
            .Orchestrator<int, int>("Clones", async (context, count) =>
                (await Task.WhenAll(Enumerable.Range(0, count).Select(n => context.CallActivityAsync<int>("Clone", n)))).Length)
            .Orchestrator<int, int>("Others", (context, n) => context.CallActivityAsync<int>("Other", n));
        runtime.StartWorker(o => o.ActivityLimits["Clone"] = 1);
        var clones = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Clones", 50);
        await Eventually.TrueAsync(() => runtime.Runs.ContainsKey("Clone"));

        Assert.Equal(4, (await runtime.RunAsync("Others", 4)).ReadOutputAs<int>());

        open.SetResult();
        Assert.Equal(50, (await runtime.EndAsync(clones)).ReadOutputAs<int>());
    }

    [Fact]
    public async Task Owners_get_their_activities_run_in_turn()
    {
        await using var runtime = await CreateAsync();
        var order = new ConcurrentQueue<string>();
        var open = new TaskCompletionSource();
        Prepare(runtime, async owner =>
        {
            await open.Task;
            order.Enqueue(owner);
        });
        runtime.StartWorker(o => (o.MaxConcurrentActivities, o.OwnerTag) = (1, "tenant"));
        var big = await StartAsync(runtime, "big", 60);
        await Eventually.TrueAsync(() => runtime.Runs.ContainsKey("Work"));
        var small = await StartAsync(runtime, "small", 3);
        await Eventually.TrueAsync(async () => (await runtime.Client.GetHistoryAsync(small)).Count > 3);

        open.SetResult();
        await runtime.EndAsync(small);
        Assert.Equal(60, (await runtime.EndAsync(big)).ReadOutputAs<int>());

        // What counts is who was served before whom, not how soon the test hears of it.
        var served = order.ToArray();
        Assert.InRange(Array.IndexOf(served, "small"), 0, 4);
        Assert.InRange(Array.LastIndexOf(served, "small") - 2, 0, 20);
    }

    [Fact]
    public async Task An_owner_has_no_more_activities_at_once_than_one_may_have()
    {
        await using var runtime = await CreateAsync();
        var gauges = new ConcurrentDictionary<string, Gauge>();
        Prepare(runtime, owner => gauges.GetOrAdd(owner, _ => new Gauge()).RunAsync(0));
        runtime.StartWorker(o => (o.MaxConcurrentActivities, o.OwnerTag, o.MaxConcurrentActivitiesPerOwner) = (16, "tenant", 3));

        var ids = new[] { await StartAsync(runtime, "one", 20), await StartAsync(runtime, "two", 20), await StartAsync(runtime, "one", 20) };

        Assert.All(await Task.WhenAll(ids.Select(id => runtime.EndAsync(id))), end => Assert.Equal(20, end.ReadOutputAs<int>()));
        Assert.All(gauges.Values, gauge => Assert.InRange(gauge.Highest, 1, 3));
    }

    [Fact]
    public async Task A_flooded_inbox_is_taken_in_parts()
    {
        await using var runtime = await CreateAsync();
        runtime.Orchestrator<string?, int>("Main", async (context, _) =>
        {
            var sum = 0;
            for (var n = 0; n < 1500; n++)
            {
                sum += await context.WaitForExternalEvent<int>("Drop");
            }

            return sum;
        });
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        await Parallel.ForAsync(0, 1500, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (_, cancellation) =>
            await runtime.Client.RaiseEventAsync(id, "Drop", 2, cancellation));

        var part = await runtime.Hub.LeaseAsync(new LeaseRequest("test", 1, 0, TimeSpan.FromMilliseconds(1), []), CancellationToken.None);
        Assert.Equal(1000, Assert.Single(part.Instances).Messages.Count);

        runtime.StartWorker();
        Assert.Equal(3000, (await runtime.EndAsync(id)).ReadOutputAs<int>());
    }

    private static void Prepare(TestRuntime runtime, Func<string, Task> work) =>
        runtime.Activity<string, int>("Work", async (_, owner) =>
            {
                await work(owner);
                return 1;
            })
            .Orchestrator<ManyOrder, int>("Many", async (context, order) =>
                (await Task.WhenAll(Enumerable.Range(0, order.Count).Select(_ => context.CallActivityAsync<int>("Work", order.Owner)))).Sum());

    private static Task<string> StartAsync(TestRuntime runtime, string owner, int count) => runtime.Client.ScheduleNewOrchestrationInstanceAsync(
        "Many", new ManyOrder(owner, count), new HubStartOptions { Tags = new Dictionary<string, string> { ["tenant"] = owner } });

    private sealed record ManyOrder(string Owner, int Count);

    /// <summary>Counts how many are inside at once.</summary>
    private sealed class Gauge
    {
        private int _inside;
        private int _highest;

        public int Highest => _highest;

        public async Task<int> RunAsync(int value)
        {
            var inside = Interlocked.Increment(ref _inside);
            for (var highest = _highest; inside > highest; highest = _highest)
            {
                Interlocked.CompareExchange(ref _highest, inside, highest);
            }

            // Long enough for others to come in, were they let.
            await Task.Delay(10);
            Interlocked.Decrement(ref _inside);
            return value;
        }
    }
}
