using System.Collections.Concurrent;
using Bibind.Durable.Client;
using Bibind.Durable.Hubs;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Tests;

/// <summary>An engine, its client and any number of workers on the same registry.</summary>
public abstract class TestEngine : IAsyncDisposable
{
    public abstract DurableTaskClient Client { get; }

    public TaskRegistry Registry { get; } = new();

    /// <summary>How often each activity was run, by name.</summary>
    public ConcurrentDictionary<string, int> Runs { get; } = new(StringComparer.OrdinalIgnoreCase);

    public TestEngine Orchestrator<TInput, TOutput>(string name, Func<TaskOrchestrationContext, TInput, Task<TOutput>> code, string version = "")
    {
        Registry.AddOrchestrator(name, _ => new FuncOrchestrator<TInput, TOutput>(code), version);
        return this;
    }

    public TestEngine Activity<TInput, TOutput>(string name, Func<TaskActivityContext, TInput, Task<TOutput>> code, string version = "")
    {
        Registry.AddActivity(name, _ => new FuncActivity<TInput, TOutput>((context, input) =>
        {
            Runs.AddOrUpdate(name, 1, (_, runs) => runs + 1);
            return code(context, input);
        }), version);
        return this;
    }

    public TestEngine Activity<TInput, TOutput>(string name, Func<TInput, TOutput> code, string version = "") =>
        Activity<TInput, TOutput>(name, (_, input) => Task.FromResult(code(input)), version);

    /// <summary>Starts a worker with short waits.</summary>
    public abstract void StartAnyWorker(int maxConcurrentActivities = 64);

    /// <summary>Starts an instance and waits for its end.</summary>
    public async Task<OrchestrationState> RunAsync(string name, object? input = null, string? instanceId = null)
    {
        var id = await Client.ScheduleNewOrchestrationInstanceAsync(name, input, new HubStartOptions { InstanceId = instanceId });
        return await EndAsync(id);
    }

    public async Task<OrchestrationState> EndAsync(string instanceId, int seconds = 30)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        try
        {
            return await Client.WaitForEndAsync(instanceId, limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            var instance = await Client.GetStateAsync(instanceId);
            var history = await Client.GetHistoryAsync(instanceId);
            throw new TimeoutException($"{instanceId} is still {instance?.RuntimeStatus}; {await DescribeAsync()}:\n{string.Join('\n', history)}");
        }
    }

    public abstract ValueTask DisposeAsync();

    /// <summary>What may explain why nothing goes on.</summary>
    protected abstract Task<string> DescribeAsync();

    private sealed class FuncOrchestrator<TInput, TOutput>(Func<TaskOrchestrationContext, TInput, Task<TOutput>> code) : TaskOrchestrator<TInput, TOutput>
    {
        public override Task<TOutput> RunAsync(TaskOrchestrationContext context, TInput input) => code(context, input);
    }

    private sealed class FuncActivity<TInput, TOutput>(Func<TaskActivityContext, TInput, Task<TOutput>> code) : TaskActivity<TInput, TOutput>
    {
        public override Task<TOutput> RunAsync(TaskActivityContext context, TInput input) => code(context, input);
    }
}
