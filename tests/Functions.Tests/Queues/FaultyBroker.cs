using Bibind.Functions.Queues.Brokers;

namespace Bibind.Functions.Tests.Queues;

/// <summary>A real broker, reached over a line that fails where a test says so, and that counts the calls.</summary>
internal sealed class FaultyBroker(IQueueBroker broker) : IQueueBroker
{
    private int _hidden;
    private int _deleted;

    public string Name => broker.Name;

    /// <summary>Calls that extended a lease or gave a message back, and came through.</summary>
    public int Hidden => Volatile.Read(ref _hidden);

    /// <summary>Deletions that came through.</summary>
    public int Deleted => Volatile.Read(ref _deleted);

    /// <summary>Thrown before a lease is extended.</summary>
    public Func<Exception?> BeforeHiding { get; set; } = () => null;

    /// <summary>Thrown before a deletion, as if the process had died right after the effect.</summary>
    public Func<Exception?> BeforeDeletion { get; set; } = () => null;

    public IBrokerQueue Open(string queue) => new Queue(this, broker.Open(queue));

    private sealed class Queue(FaultyBroker owner, IBrokerQueue queue) : IBrokerQueue
    {
        public string Name => queue.Name;

        public int LargestBatch => queue.LargestBatch;

        public TimeSpan LongestPause => queue.LongestPause;

        public Task CreateAsync(CancellationToken cancellationToken) => queue.CreateAsync(cancellationToken);

        public Task<bool> ExistsAsync(CancellationToken cancellationToken) => queue.ExistsAsync(cancellationToken);

        public Task<long?> CountAsync(CancellationToken cancellationToken) => queue.CountAsync(cancellationToken);

        public Task<IReadOnlyList<BrokerMessage>> ReceiveAsync(int most, TimeSpan lease, bool mayWait, CancellationToken cancellationToken) =>
            queue.ReceiveAsync(most, lease, mayWait, cancellationToken);

        public async Task HideAsync(BrokerMessage message, TimeSpan time, CancellationToken cancellationToken)
        {
            Throw(owner.BeforeHiding());
            await queue.HideAsync(message, time, cancellationToken);
            Interlocked.Increment(ref owner._hidden);
        }

        public async Task DeleteAsync(BrokerMessage message, CancellationToken cancellationToken)
        {
            Throw(owner.BeforeDeletion());
            await queue.DeleteAsync(message, cancellationToken);
            Interlocked.Increment(ref owner._deleted);
        }

        public Task SendAsync(string body, TimeSpan delay, CancellationToken cancellationToken) => queue.SendAsync(body, delay, cancellationToken);

        public Task ForwardAsync(BrokerMessage message, CancellationToken cancellationToken) => queue.ForwardAsync(message, cancellationToken);

        private static void Throw(Exception? failure)
        {
            if (failure is not null)
            {
                throw failure;
            }
        }
    }
}
