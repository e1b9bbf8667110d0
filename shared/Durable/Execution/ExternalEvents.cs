using Bibind.Durable.History;

namespace Bibind.Durable.Execution;

/// <summary>
/// Hands raised events to waiters: names know no case, waiters and buffered events are served oldest first, and a
/// cancelled waiter swallows nothing.
/// </summary>
internal sealed class ExternalEvents
{
    private readonly List<EventRaisedEvent> _buffered = [];
    private readonly List<Waiter> _waiters = [];

    /// <summary>Events that nobody took, in the order they came.</summary>
    public IReadOnlyList<EventRaisedEvent> Buffered => _buffered;

    public bool HasWaiters => _waiters.Count > 0;

    public void Raise(EventRaisedEvent raised)
    {
        var index = _waiters.FindIndex(w => string.Equals(w.Name, raised.Name, StringComparison.OrdinalIgnoreCase));
        if (index < 0)
        {
            _buffered.Add(raised);
            return;
        }

        var waiter = _waiters[index];
        _waiters.RemoveAt(index);
        waiter.Deliver(raised.Input);
    }

    public Task<T> WaitAsync<T>(string name, Func<string?, T> read, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<T>(cancellationToken);
        }

        var index = _buffered.FindIndex(e => string.Equals(e.Name, name, StringComparison.OrdinalIgnoreCase));
        if (index >= 0)
        {
            var buffered = _buffered[index];
            _buffered.RemoveAt(index);
            return Task.FromResult(read(buffered.Input));
        }

        // Continuations run inline, on the executor's thread: that is what keeps a turn deterministic.
        var source = new TaskCompletionSource<T>();
        var waiter = new Waiter(name, input =>
        {
            try
            {
                source.TrySetResult(read(input));
            }
            catch (System.Text.Json.JsonException unreadable)
            {
                source.TrySetException(unreadable);
            }
        });
        _waiters.Add(waiter);
        cancellationToken.Register(() =>
        {
            if (_waiters.Remove(waiter))
            {
                source.TrySetCanceled(cancellationToken);
            }
        });
        return source.Task;
    }

    private sealed record Waiter(string Name, Action<string?> Deliver);
}
