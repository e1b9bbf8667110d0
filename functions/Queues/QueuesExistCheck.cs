using Bibind.Functions.Health;
using Bibind.Functions.Queues.Brokers;
using Bibind.Functions.Triggers;

namespace Bibind.Functions.Queues;

/// <summary>
/// Every queue that triggers a function, and its poison queue, is there. For hosts on which nobody creates them: the Functions host only
/// says in its log that it looks at nothing.
/// </summary>
internal sealed class QueuesExistCheck(IReadOnlyList<IQueueBroker> brokers, FunctionDeclarations functions, TimeProvider time) : IReadinessCheck, IDisposable
{
    // The answer is open to everybody, and each costs a call a queue.
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(5);

    private readonly CachedResponse<string?> _fault = new(time, Kept);

    public string Name => "queues-exist";

    public Task<string?> FindFaultAsync(CancellationToken cancellation) => _fault.GetAsync(AskAsync, cancellation);

    public void Dispose() => _fault.Dispose();

    private async Task<string?> AskAsync(CancellationToken cancellation)
    {
        var needed = from broker in brokers
                     from function in functions.Queues
                     from queue in new[] { function.Queue, PoisonQueue.NameOf(function.Queue) }
                     select (broker, queue);
        var missing = await Task.WhenAll(needed.Select(
            async n => await n.broker.Open(n.queue).ExistsAsync(cancellation) ? null : $"There is no queue {n.queue} at {n.broker.Name}."));
        return missing.OfType<string>().ToList() is { Count: > 0 } faults ? string.Join(' ', faults) : null;
    }
}
