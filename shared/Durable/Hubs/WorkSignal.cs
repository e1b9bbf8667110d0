namespace Bibind.Durable.Hubs;

/// <summary>
/// Wakes everybody who waits. Nothing is kept for whoever comes later: who begins to wait and only then looks for work
/// misses none.
/// </summary>
internal sealed class WorkSignal
{
    private TaskCompletionSource _next = NewSignal();

    public void Set() => Interlocked.Exchange(ref _next, NewSignal()).TrySetResult();

    /// <summary>Returns at the first signal after the call, or when the time is up.</summary>
    public async Task WaitAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        await Volatile.Read(ref _next).Task.WaitAsync(limit, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
