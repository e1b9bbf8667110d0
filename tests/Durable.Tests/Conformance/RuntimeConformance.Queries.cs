using Bibind.Durable.Client;
using Bibind.Durable.Hubs;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Tests.Conformance;

/// <summary>What is found, and what is purged.</summary>
public abstract partial class RuntimeConformance
{
    [Fact]
    public async Task Instances_are_found_by_status_prefix_name_and_tag_page_by_page()
    {
        await using var runtime = await CreateAsync();
        runtime.Orchestrator<string?, int>("Main", (_, _) => Task.FromResult(1))
            .Orchestrator<string?, int>("Wait", (context, _) => context.WaitForExternalEvent<int>("never"));
        runtime.StartWorker();
        for (var i = 0; i < 5; i++)
        {
            await runtime.Client.ScheduleNewOrchestrationInstanceAsync(
                "Main", null, new HubStartOptions { InstanceId = $"job-{i}", Tags = new Dictionary<string, string> { ["tenant"] = i % 2 == 0 ? "a" : "b" } });
        }

        await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Wait", null, new HubStartOptions { InstanceId = "other" });
        for (var i = 0; i < 5; i++)
        {
            await runtime.EndAsync($"job-{i}");
        }

        Assert.Equal(5, (await AllAsync(runtime, new HubQuery { InstanceIdPrefix = "job-", PageSize = 2 })).Count);
        Assert.Equal(3, (await AllAsync(runtime, new HubQuery { Tag = new("tenant", "a") })).Count);
        Assert.Equal("other", Assert.Single(await AllAsync(runtime, new HubQuery { Name = "Wait" })).InstanceId);
        Assert.Equal(5, (await AllAsync(runtime, new HubQuery { Statuses = [OrchestrationRuntimeStatus.Completed] })).Count);
    }

    [Fact]
    public async Task Instances_are_found_by_the_time_they_were_created()
    {
        await using var runtime = await CreateAsync();
        runtime.Orchestrator<string?, int>("Main", (_, _) => Task.FromResult(1));
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            ids.Add(await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main"));
        }

        var created = await Task.WhenAll(ids.Select(async id => (await runtime.Client.GetStateAsync(id))!.CreatedAt));

        // From is within, to is not.
        var middle = await AllAsync(runtime, new HubQuery { CreatedFrom = created[1], CreatedTo = created[2], PageSize = 1 });
        Assert.Equal(ids[1], Assert.Single(middle).InstanceId);
        Assert.Equal([ids[2], ids[1]], (await AllAsync(runtime, new HubQuery { CreatedFrom = created[1] })).Select(i => i.InstanceId));
        Assert.Empty(await AllAsync(runtime, new HubQuery { CreatedTo = created[0] }));
    }

    [Fact]
    public async Task An_ended_instance_can_be_purged_and_a_running_one_cannot()
    {
        await using var runtime = await CreateAsync();
        runtime.Orchestrator<string?, int>("Main", (_, _) => Task.FromResult(1))
            .Orchestrator<string?, int>("Wait", (context, _) => context.WaitForExternalEvent<int>("never"));
        runtime.StartWorker();
        var ended = (await runtime.RunAsync("Main")).InstanceId;
        var running = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Wait");

        Assert.Equal(1, (await runtime.Client.PurgeInstanceAsync(ended)).PurgedInstanceCount);
        Assert.Equal(0, (await runtime.Client.PurgeInstanceAsync(ended)).PurgedInstanceCount);
        Assert.Null(await runtime.Client.GetStateAsync(ended));
        Assert.Empty(await runtime.Client.GetHistoryAsync(ended));
        await Assert.ThrowsAsync<InvalidOperationException>(() => runtime.Client.PurgeInstanceAsync(running));
    }

    private static async Task<List<OrchestrationState>> AllAsync(TestRuntime runtime, OrchestrationQuery query)
    {
        var found = new List<OrchestrationState>();
        do
        {
            var page = await runtime.Client.QueryStatesAsync(query);
            found.AddRange(page.Instances);
            query = query with { ContinuationToken = page.ContinuationToken };
        }
        while (query.ContinuationToken is not null);

        Assert.Equal(found.Count, found.Select(i => i.InstanceId).Distinct().Count());
        return found;
    }
}
