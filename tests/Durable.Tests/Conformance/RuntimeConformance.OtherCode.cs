using Bibind.Durable.Worker;
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
}
