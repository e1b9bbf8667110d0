namespace Bibind.Durable.Worker;

/// <summary>Wakes the loop that fetches work. Any number of wake-ups before it looks count as one.</summary>
internal sealed class WakeUp : IDisposable
{
    private readonly SemaphoreSlim _signal = new(0, 1);

    public void Set()
    {
        lock (_signal)
        {
            if (_signal.CurrentCount == 0)
            {
                _signal.Release();
            }
        }
    }

    /// <summary>Returns when it was woken, or after <paramref name="limit"/>.</summary>
    public Task WaitAsync(TimeSpan limit, CancellationToken cancellationToken) => _signal.WaitAsync(limit, cancellationToken);

    public void Dispose() => _signal.Dispose();
}
