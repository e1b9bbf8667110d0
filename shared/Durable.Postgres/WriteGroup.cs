namespace Bibind.Durable.Postgres;

/// <summary>Writes together what arrives while a write is under way: one commit then serves many callers.</summary>
internal sealed class WriteGroup<TItem, TResult>(int limit, Func<IReadOnlyList<TItem>, Task<IReadOnlyList<TResult>>> writeAsync)
{
    private readonly Lock _lock = new();
    private readonly Queue<Pending> _waiting = new();
    private bool _writing;

    /// <summary>Writes one item; what it throws is what its own write threw.</summary>
    public Task<TResult> WriteAsync(TItem item, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var pending = new Pending(item);
        lock (_lock)
        {
            _waiting.Enqueue(pending);
            if (!_writing)
            {
                _writing = true;
                _ = Task.Run(WriteWaitingAsync, CancellationToken.None);
            }
        }

        return pending.Result.Task.WaitAsync(cancellationToken);
    }

    private async Task WriteWaitingAsync()
    {
        while (true)
        {
            Pending[] group;
            lock (_lock)
            {
                group = [.. Enumerable.Range(0, Math.Min(limit, _waiting.Count)).Select(_ => _waiting.Dequeue())];
                if (group.Length == 0)
                {
                    _writing = false;
                    return;
                }
            }

            await WriteAsync(group);
        }
    }

    private async Task WriteAsync(Pending[] group)
    {
        try
        {
            var results = await writeAsync([.. group.Select(p => p.Item)]);
            for (var i = 0; i < group.Length; i++)
            {
                group[i].Result.TrySetResult(results[i]);
            }
        }
        catch (Exception failure) when (group.Length == 1)
        {
            group[0].Result.TrySetException(failure);
        }
        catch (Exception)
        {
            // One bad item harms no other.
            foreach (var pending in group)
            {
                await WriteAsync([pending]);
            }
        }
    }

    private sealed class Pending(TItem item)
    {
        public TItem Item { get; } = item;

        public TaskCompletionSource<TResult> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
