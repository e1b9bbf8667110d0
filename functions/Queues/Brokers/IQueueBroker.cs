namespace Bibind.Functions.Queues.Brokers;

/// <summary>A message broker, as far as queue functions and those who wake them need one.</summary>
internal interface IQueueBroker
{
    /// <summary>What it is called in logs and in the answer about readiness.</summary>
    string Name { get; }

    /// <summary>The queue of that name; whether it is there is another question.</summary>
    IBrokerQueue Open(string queue);
}

/// <summary>One queue at one broker. Every call may throw whatever the way to the broker throws.</summary>
internal interface IBrokerQueue
{
    string Name { get; }

    /// <summary>The most messages that one call receives.</summary>
    int LargestBatch { get; }

    /// <summary>How long to rest at most after a call that brought nothing; short where the broker itself waits for messages.</summary>
    TimeSpan LongestPause { get; }

    /// <summary>Creates the queue unless it is there.</summary>
    Task CreateAsync(CancellationToken cancellationToken);

    /// <summary>False if the broker says that the queue is not there.</summary>
    Task<bool> ExistsAsync(CancellationToken cancellationToken);

    /// <summary>About how many messages it holds, seen or hidden; null if the broker does not say.</summary>
    Task<long?> CountAsync(CancellationToken cancellationToken);

    /// <summary>Takes messages, and hides them from everybody else for that long.</summary>
    Task<IReadOnlyList<BrokerMessage>> ReceiveAsync(int most, TimeSpan lease, CancellationToken cancellationToken) =>
        ReceiveAsync(most, lease, mayWait: true, cancellationToken);

    /// <summary>Takes messages, and hides them from everybody else for that long.</summary>
    /// <param name="most">The most messages that are taken.</param>
    /// <param name="lease">How long they are hidden.</param>
    /// <param name="mayWait">False has the broker answer at once where it would wait for messages.</param>
    Task<IReadOnlyList<BrokerMessage>> ReceiveAsync(int most, TimeSpan lease, bool mayWait, CancellationToken cancellationToken);

    /// <summary>Hides a message for that long from now on; zero shows it at once.</summary>
    /// <exception cref="MessageLeaseLostException">It belongs to somebody else by now, or is gone.</exception>
    Task HideAsync(BrokerMessage message, TimeSpan time, CancellationToken cancellationToken);

    /// <summary>Deletes a message for good.</summary>
    /// <inheritdoc cref="HideAsync" path="/exception"/>
    Task DeleteAsync(BrokerMessage message, CancellationToken cancellationToken);

    /// <summary>Sends a message, to be seen after the delay.</summary>
    /// <exception cref="MessageTooLargeException">The broker carries no message of that size.</exception>
    Task SendAsync(string body, TimeSpan delay, CancellationToken cancellationToken);

    /// <summary>Sends on a message as it came.</summary>
    Task ForwardAsync(BrokerMessage message, CancellationToken cancellationToken);
}

/// <summary>A message that was received and is ours for a while.</summary>
/// <param name="Id">The broker's id, for logs.</param>
/// <param name="Raw">The text as the broker holds it.</param>
/// <param name="Body">What was sent, or null if it cannot be read.</param>
/// <param name="Attempt">Which delivery this is: 1 is the first.</param>
internal sealed record BrokerMessage(string Id, string Raw, string? Body, int Attempt)
{
    private string _receipt = string.Empty;

    /// <summary>Why there is no <see cref="Body"/>.</summary>
    public string? Problem { get; init; }

    /// <summary>When it came into this queue, if the broker says so.</summary>
    public DateTimeOffset? InsertedAt { get; init; }

    /// <summary>Proves to the broker that the message is ours; some brokers give another one at each renewal.</summary>
    public required string Receipt
    {
        get => Volatile.Read(ref _receipt);
        set => Volatile.Write(ref _receipt, value);
    }
}

/// <summary>The message is not ours any more.</summary>
internal sealed class MessageLeaseLostException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The broker carries no message of that size.</summary>
internal sealed class MessageTooLargeException(string message, Exception? inner = null) : Exception(message, inner);
