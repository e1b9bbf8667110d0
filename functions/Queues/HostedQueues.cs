using Bibind.Functions.Queues.Brokers;
using Bibind.Functions.Triggers;

namespace Bibind.Functions.Queues;

/// <summary>What is left to do at the broker where a host receives and deletes the messages: poison, and the time until the next attempt.</summary>
/// <param name="brokers">All that the settings name.</param>
/// <param name="brokerName">The one that triggers functions on this host.</param>
/// <param name="settings">Of queues.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class HostedQueues(IEnumerable<IQueueBroker> brokers, string brokerName, QueueSettings settings, TimeProvider time, ILogger<HostedQueues> logger)
{
    private readonly IQueueBroker _broker = brokers.Single(b => b.Name == brokerName);

    /// <summary>Copies a message to its poison queue; the host then deletes it, for it is told that all went well.</summary>
    public Task DeadLetterAsync(string queue, QueueMessage message, string reason, CancellationToken cancellationToken)
    {
        Logs.MovedToPoison(logger, queue, message.Id, reason);
        return new PoisonQueue(_broker, queue, time).AddAsync(Received(message, receipt: string.Empty), reason, cancellationToken);
    }

    /// <summary>Puts the next attempt off. If that fails, the queue's own time applies.</summary>
    public async Task HideAsync(string queue, QueueMessage message, string receipt, TimeSpan? delay, CancellationToken cancellationToken)
    {
        try
        {
            await _broker.Open(queue).HideAsync(Received(message, receipt), delay ?? settings.DelayAfter(message.Attempt), cancellationToken);
        }
        catch (Exception unavailable) when (!cancellationToken.IsCancellationRequested)
        {
            Logs.NotHidden(logger, queue, message.Id, unavailable);
        }
    }

    /// <summary>Sends a message.</summary>
    public Task SendAsync(string queue, string body, TimeSpan delay, CancellationToken cancellationToken) =>
        _broker.Open(queue).SendAsync(body, delay, cancellationToken);

    private static BrokerMessage Received(QueueMessage message, string receipt) =>
        new(message.Id, message.Body, message.Body, message.Attempt) { Receipt = receipt };
}
