using Bibind.Durable.Client;
using Bibind.Durable.Hubs;
using Bibind.Durable.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;

namespace Bibind.Durable.Tests;

/// <summary>A hub, a client and any number of workers on the same registry, with short waits.</summary>
public sealed class TestRuntime : TestEngine
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

    public override DurableTaskClient Client { get; }

    public override void StartAnyWorker(int maxConcurrentActivities = 64) => StartWorker(o => o.MaxConcurrentActivities = maxConcurrentActivities);

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
        TaskHubWorkerOptions? options = null, IWorkerInterceptor? interceptor = null, ITaskHub? hub = null, TimeProvider? time = null, IServiceProvider? services = null,
        TaskRegistry? registry = null)
    {
        var worker = new TaskHubWorker(hub ?? Hub, registry ?? Registry, services ?? NoServices, options, timeProvider: time, interceptor: interceptor);
        _workers.Add(worker);
        return worker;
    }

    public override async ValueTask DisposeAsync()
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

    protected override async Task<string> DescribeAsync()
    {
        var workers = string.Join(", ", _workers.Select(w => $"{w.HeldInstances} held and {w.RunningActivities} running"));
        return $"{await Hub.GetBacklogAsync(CancellationToken.None)}; workers: {workers}";
    }
}
