using Bibind.Durable.Worker;
using Bibind.Testing;
using Microsoft.DurableTask;
using Microsoft.Extensions.DependencyInjection;

namespace Bibind.Durable.Tests.Conformance;

/// <summary>Workers of two versions of a program side by side: each has code that the other lacks.</summary>
public abstract partial class RuntimeConformance
{
    [Fact]
    public async Task An_instance_whose_code_a_worker_lacks_is_left_to_others_at_once()
    {
        await using var runtime = await CreateAsync();
        var ignorant = new TaskHubWorker(
            runtime.Hub, new TaskRegistry(), new ServiceCollection().BuildServiceProvider(),
            new TaskHubWorkerOptions { FirstBackoff = TimeSpan.FromMinutes(5), PollInterval = TimeSpan.FromMilliseconds(20) });
        await using (ignorant)
        {
            ignorant.Start();
            runtime.Orchestrator<string?, string>("OnlyNew", (_, _) => Task.FromResult("done"));
            var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("OnlyNew");
            // Long enough for it to have been looked at by the one that lacks its code.
            await Task.Delay(TimeSpan.FromMilliseconds(300));

            runtime.StartWorker();

            Assert.Equal("done", (await runtime.EndAsync(id)).ReadOutputAs<string>());
        }
    }

    [Fact]
    public async Task What_is_passed_by_is_not_leased()
    {
        await using var runtime = await CreateAsync();
        await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main", null, new StartOrchestrationOptions("one"));
        await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main", null, new StartOrchestrationOptions("two"));
        var request = new Hubs.LeaseRequest("test", 10, 0, TimeSpan.FromSeconds(30), []);

        var first = await runtime.Hub.LeaseAsync(request with { PassedBy = ["one"] }, CancellationToken.None);
        var second = await runtime.Hub.LeaseAsync(request, CancellationToken.None);

        Assert.Equal("two", Assert.Single(first.Instances).Lease.InstanceId);
        Assert.Equal("one", Assert.Single(second.Instances).Lease.InstanceId);
    }

    [Fact]
    public async Task An_activity_whose_code_a_worker_lacks_is_left_to_others_at_once()
    {
        await using var runtime = await CreateAsync();
        var id = await HandToIgnorantAsync(runtime);
        runtime.Activity<string?, string>("OnlyNew", _ => "done");

        runtime.StartWorker();

        Assert.Equal("done", (await runtime.EndAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task An_activity_whose_code_a_worker_lacks_is_not_taken_again_and_again()
    {
        await using var runtime = await CreateAsync();
        await HandToIgnorantAsync(runtime);

        var leased = await runtime.Hub.LeaseAsync(new Hubs.LeaseRequest("test", 0, 10, TimeSpan.FromSeconds(30), []), CancellationToken.None);

        var activity = Assert.Single(leased.Activities);
        Assert.Equal((2, 1), (activity.Deliveries, activity.Abandoned));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Activities_that_are_passed_by_are_not_leased(bool isPooled)
    {
        await using var runtime = await CreateAsync();
        runtime.Orchestrator<string?, string>("Main", (context, _) => context.CallActivityAsync<string>("Act"));
        // A pool without room is scheduled and not run; whoever takes no activities schedules those that belong to none.
        runtime.StartWorker(o => (o.MaxConcurrentActivities, o.ActivityLimits[isPooled ? "Act" : "Other"]) = (isPooled ? 1 : 0, 0));
        await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        await Eventually.TrueAsync(async () => (await runtime.Hub.GetBacklogAsync(CancellationToken.None)).Activities == 2);
        var request = new Hubs.LeaseRequest("test", 0, 10, TimeSpan.FromSeconds(30), []);
        var both = (await runtime.Hub.LeaseAsync(request, CancellationToken.None)).Activities;
        await runtime.Hub.ReleaseAsync([], [.. both.Select(a => a.Lease)], TimeSpan.Zero, CancellationToken.None);
        var (passedBy, other) = (both[0].Lease.ActivityId, both[1].Lease.ActivityId);

        var first = await runtime.Hub.LeaseAsync(request with { PassedByActivities = [passedBy] }, CancellationToken.None);
        var second = await runtime.Hub.LeaseAsync(request, CancellationToken.None);

        Assert.Equal(other, Assert.Single(first.Activities).Lease.ActivityId);
        Assert.Equal(passedBy, Assert.Single(second.Activities).Lease.ActivityId);
    }

    // A worker that knows the orchestrator and not its activity has taken it, has given it back, and waits for five minutes.
    private static async Task<string> HandToIgnorantAsync(TestRuntime runtime)
    {
        var registry = new TaskRegistry();
        runtime.Orchestrator<string?, string>("Main", (context, _) => context.CallActivityAsync<string>("OnlyNew"));
        registry.AddOrchestrator("Main", runtime.Registry.FindOrchestrator("Main", string.Empty)!);
        runtime.CreateWorker(
            new TaskHubWorkerOptions { FirstBackoff = TimeSpan.FromMinutes(5), PollInterval = TimeSpan.FromMilliseconds(20) }, registry: registry).Start();
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main");
        await Eventually.TrueAsync(async () => (await runtime.Hub.GetBacklogAsync(CancellationToken.None)).Activities == 1);
        // Long enough for it to take it again, if it did.
        await Task.Delay(TimeSpan.FromMilliseconds(300));
        return id;
    }
}
