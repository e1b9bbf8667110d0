using System.Collections.Concurrent;
using Bibind.Durable.Hubs;
using Bibind.Durable.Worker;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;

namespace Bibind.Durable.Tests;

/// <summary>A hub, a client and any number of workers on the same registry, with short waits.</summary>
public sealed class TestRuntime : IAsyncDisposable
{
    private static readonly ServiceProvider NoServices = new ServiceCollection().BuildServiceProvider();
    private readonly List<TaskHubWorker> _workers = [];
    private readonly IAsyncDisposable? _owned;

    public TestRuntime(ITaskHub hub, IAsyncDisposable? owned = null)
    {
        Hub = hub;
        _owned = owned;
        Client = new TaskHubClient(hub);
    }

    public ITaskHub Hub { get; }

    public DurableTaskClient Client { get; }

    public TaskRegistry Registry { get; } = new();

    /// <summary>How often each activity was run, by name.</summary>
    public ConcurrentDictionary<string, int> Runs { get; } = new(StringComparer.OrdinalIgnoreCase);

    public TestRuntime Orchestrator<TInput, TOutput>(string name, Func<TaskOrchestrationContext, TInput, Task<TOutput>> code, string version = "")
    {
        Registry.AddOrchestrator(name, _ => new FuncOrchestrator<TInput, TOutput>(code), version);
        return this;
    }

    public TestRuntime Activity<TInput, TOutput>(string name, Func<TaskActivityContext, TInput, Task<TOutput>> code, string version = "")
    {
        Registry.AddActivity(name, _ => new FuncActivity<TInput, TOutput>((context, input) =>
        {
            Runs.AddOrUpdate(name, 1, (_, runs) => runs + 1);
            return code(context, input);
        }), version);
        return this;
    }

    public TestRuntime Activity<TInput, TOutput>(string name, Func<TInput, TOutput> code, string version = "") =>
        Activity<TInput, TOutput>(name, (_, input) => Task.FromResult(code(input)), version);

    public TaskHubWorker StartWorker(Action<TaskHubWorkerOptions>? configure = null, IWorkerInterceptor? interceptor = null, ITaskHub? hub = null, TimeProvider? time = null, IServiceProvider? services = null)
    {
        var options = new TaskHubWorkerOptions
        {
            LeaseDuration = TimeSpan.FromSeconds(5),
            PollInterval = TimeSpan.FromMilliseconds(100),
            FirstBackoff = TimeSpan.FromMilliseconds(20),
            ShutdownTimeout = TimeSpan.FromSeconds(1),
        };
        configure?.Invoke(options);
        var worker = CreateWorker(options, interceptor, hub, time, services);
        worker.Start();
        return worker;
    }

    /// <summary>A worker that is not started.</summary>
    public TaskHubWorker CreateWorker(
        TaskHubWorkerOptions? options = null, IWorkerInterceptor? interceptor = null, ITaskHub? hub = null, TimeProvider? time = null, IServiceProvider? services = null)
    {
        var worker = new TaskHubWorker(hub ?? Hub, Registry, services ?? NoServices, options, timeProvider: time, interceptor: interceptor);
        _workers.Add(worker);
        return worker;
    }

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
        catch (OperationCanceledException)
        {
            var instance = await Client.GetStateAsync(instanceId);
            var history = await Client.GetHistoryAsync(instanceId);
            var workers = string.Join(", ", _workers.Select(w => $"{w.HeldInstances} held and {w.RunningActivities} running"));
            throw new TimeoutException(
                $"{instanceId} is still {instance?.RuntimeStatus}; {await Hub.GetBacklogAsync(CancellationToken.None)}; workers: {workers}:\n{string.Join('\n', history)}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers)
        {
            await worker.DisposeAsync();
        }

        await Hub.DisposeAsync();
        if (_owned is not null)
        {
            await _owned.DisposeAsync();
        }
    }

    private sealed class FuncOrchestrator<TInput, TOutput>(Func<TaskOrchestrationContext, TInput, Task<TOutput>> code) : TaskOrchestrator<TInput, TOutput>
    {
        public override Task<TOutput> RunAsync(TaskOrchestrationContext context, TInput input) => code(context, input);
    }

    private sealed class FuncActivity<TInput, TOutput>(Func<TaskActivityContext, TInput, Task<TOutput>> code) : TaskActivity<TInput, TOutput>
    {
        public override Task<TOutput> RunAsync(TaskActivityContext context, TInput input) => code(context, input);
    }
}
