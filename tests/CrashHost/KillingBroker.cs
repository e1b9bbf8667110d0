using System.Diagnostics;
using Bibind.Functions.Queues.Brokers;

namespace Bibind.CrashHost;

/// <summary>
/// A broker at which the process kills itself, as <c>kill -9</c> does: <c>queue:received</c>, <c>queue:deleting</c> or
/// <c>queue:deleted</c>, at the first message.
/// </summary>
internal sealed class KillingBroker(IQueueBroker broker, string boundary) : IQueueBroker
{
    public string Name => broker.Name;

    public IBrokerQueue Open(string queue) => new Queue(broker.Open(queue), boundary);

    private sealed class Queue(IBrokerQueue queue, string boundary) : IBrokerQueue
    {
        public string Name => queue.Name;

        public int LargestBatch => queue.LargestBatch;

        public TimeSpan LongestPause => queue.LongestPause;

        public Task CreateAsync(CancellationToken cancellationToken) => queue.CreateAsync(cancellationToken);

        public Task<bool> ExistsAsync(CancellationToken cancellationToken) => queue.ExistsAsync(cancellationToken);

        public Task<long?> CountAsync(CancellationToken cancellationToken) => queue.CountAsync(cancellationToken);

        public async Task<IReadOnlyList<BrokerMessage>> ReceiveAsync(int most, TimeSpan lease, bool mayWait, CancellationToken cancellationToken)
        {
            var messages = await queue.ReceiveAsync(most, lease, mayWait, cancellationToken);
            if (messages.Count > 0)
            {
                await At("queue:received");
            }

            return messages;
        }

        public Task HideAsync(BrokerMessage message, TimeSpan time, CancellationToken cancellationToken) => queue.HideAsync(message, time, cancellationToken);

        public async Task DeleteAsync(BrokerMessage message, CancellationToken cancellationToken)
        {
            await At("queue:deleting");
            await queue.DeleteAsync(message, cancellationToken);
            await At("queue:deleted");
        }

        public Task SendAsync(string body, TimeSpan delay, CancellationToken cancellationToken) => queue.SendAsync(body, delay, cancellationToken);

        public Task ForwardAsync(BrokerMessage message, CancellationToken cancellationToken) => queue.ForwardAsync(message, cancellationToken);

        private async ValueTask At(string reached)
        {
            if (reached == boundary)
            {
                Process.GetCurrentProcess().Kill();
                await Task.Delay(Timeout.Infinite);
            }
        }
    }
}
