using System.Data.Common;
using Bibind.Durable.Scheduler;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Bibind.Durable.Tests.Scheduler;

/// <summary>The engine on Durable Task's gRPC protocol, with a task hub of its own at a host that several tests share.</summary>
public sealed class SchedulerEngine : TestEngine
{
    private readonly Uri _host;
    private readonly string _taskHub = $"hub-{Guid.NewGuid():n}";
    private readonly List<ServiceProvider> _workers = [];
    private readonly ServiceProvider _client;

    public SchedulerEngine(Uri host)
    {
        _host = host;
        _client = Compose().BuildServiceProvider();
        Client = _client.GetRequiredService<DurableTaskClient>();
    }

    public override DurableTaskClient Client { get; }

    public override void StartAnyWorker(int maxConcurrentActivities = 64) => StartWorker();

    /// <summary>A worker; a host lets any number come and go.</summary>
    public SchedulerWorker StartWorker(IReadOnlyDictionary<string, int>? limits = null)
    {
        var services = Compose(limits).AddSchedulerDurableTaskWorker().BuildServiceProvider();
        _workers.Add(services);
        var worker = services.GetRequiredService<SchedulerWorker>();
        Assert.True(((IHostedService)worker).StartAsync(CancellationToken.None).IsCompletedSuccessfully);
        return worker;
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers)
        {
            await worker.GetRequiredService<SchedulerWorker>().StopAsync(CancellationToken.None);
            await worker.DisposeAsync();
        }

        await _client.DisposeAsync();
    }

    protected override Task<string> DescribeAsync() =>
        Task.FromResult(string.Join(", ", _workers.Select(w => w.GetRequiredService<SchedulerWorker>().IsRunning ? "a worker runs" : "a worker does not run")));

    private IServiceCollection Compose(IReadOnlyDictionary<string, int>? limits = null)
    {
        var services = new ServiceCollection().AddLogging().AddSingleton<IOrchestrationOutbox, NoOutbox>().AddSchedulerDurableTask(
            new SchedulerOptions
            {
                Endpoint = _host,
                TaskHub = _taskHub,
                ShutdownTimeout = TimeSpan.FromSeconds(5),
                ActivityLimits = limits ?? new Dictionary<string, int>(),
            },
            _ => { });
        // The tests add to it while workers run.
        return services.AddSingleton(Registry);
    }

    /// <summary>Nothing is started in a transaction here.</summary>
    private sealed class NoOutbox : IOrchestrationOutbox
    {
        public Task AddStartAsync(OutboxMessage start, DbTransaction transaction, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task AddAsync(OutboxMessage message, DbTransaction transaction, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<bool> TryAddBehindAsync(OutboxMessage message, CancellationToken cancellationToken) => Task.FromResult(false);

        public Task<IReadOnlyDictionary<string, OutboxMessage>> FindStartsAsync(IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyDictionary<string, OutboxMessage>>(new Dictionary<string, OutboxMessage>());

        public Task<int> RelayAsync(Func<OutboxMessage, CancellationToken, Task> deliverAsync, CancellationToken cancellationToken) => Task.FromResult(0);

        public Task WaitAsync(TimeSpan limit, CancellationToken cancellationToken) => Task.Delay(limit, cancellationToken);
    }
}
