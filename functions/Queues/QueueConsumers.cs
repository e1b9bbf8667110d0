using Bibind.Functions.Health;
using Bibind.Functions.Queues.Brokers;
using Bibind.Functions.Triggers;

namespace Bibind.Functions.Queues;

/// <summary>Runs a consumer for each queue function at each broker that is on.</summary>
internal sealed class QueueConsumers : IHostedService, IReadinessCheck, IAsyncDisposable
{
    private readonly IReadOnlyList<QueueConsumer> _consumers;

    public QueueConsumers(
        IEnumerable<IQueueBroker> brokers, FunctionDeclarations functions, QueueSettings settings, QueueInvocation invoke, QueueGate gate, TimeProvider time,
        ILogger<QueueConsumers> logger)
    {
        _consumers = settings.Consume
            ? [.. from broker in brokers
                from function in functions.Queues
                select new QueueConsumer(
                    broker.Name,
                    new DeliveryContext(
                        broker.Open(function.Queue), new PoisonQueue(broker, function.Queue, time, settings.CreateQueues), function, settings, invoke, gate, time, logger))]
            : [];
    }

    public string Name => "queues";

    public Task<string?> FindFaultAsync(CancellationToken cancellation) =>
        Task.FromResult(_consumers.Select(c => c.Fault).FirstOrDefault(f => f is not null));

    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var consumer in _consumers)
        {
            consumer.Start();
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.WhenAll(_consumers.Select(c => c.StopAsync(cancellationToken)));

    public async ValueTask DisposeAsync()
    {
        foreach (var consumer in _consumers)
        {
            await consumer.DisposeAsync();
        }
    }
}
