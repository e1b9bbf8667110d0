namespace Bibind.Functions.Queues.Brokers;

/// <summary>
/// Puts items that come while a call is under way into the next call: nobody waits for a batch to fill, and under load
/// the batches are full.
/// </summary>
/// <param name="largest">The most items of a call.</param>
/// <param name="parallel">The most calls at once.</param>
/// <param name="send">Sends a batch; answers what went wrong for each of its items, or null.</param>
internal sealed class Batches<T>(int largest, int parallel, Func<IReadOnlyList<T>, Task<IReadOnlyList<Exception?>>> send)
{
    private readonly Lock _lock = new();
    private readonly Queue<(T Item, TaskCompletionSource Done)> _waiting = new();
    private int _sending;

    /// <summary>Completes when the item's call has ended.</summary>
    public Task AddAsync(T item)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _waiting.Enqueue((item, done));
            if (_sending == parallel)
            {
                return done.Task;
            }

            _sending++;
        }

        _ = Task.Run(SendAllAsync);
        return done.Task;
    }

    private async Task SendAllAsync()
    {
        while (Take() is { Count: > 0 } batch)
        {
            await SendAsync(batch);
        }
    }

    private async Task SendAsync(List<(T Item, TaskCompletionSource Done)> batch)
    {
        try
        {
            var failures = await send([.. batch.Select(b => b.Item)]);
            for (var i = 0; i < batch.Count; i++)
            {
                if (failures[i] is { } failure)
                {
                    batch[i].Done.SetException(failure);
                }
                else
                {
                    batch[i].Done.SetResult();
                }
            }
        }
        catch (Exception failure)
        {
            batch.ForEach(b => b.Done.TrySetException(failure));
        }
    }

    private List<(T Item, TaskCompletionSource Done)> Take()
    {
        lock (_lock)
        {
            var batch = new List<(T, TaskCompletionSource)>(Math.Min(largest, _waiting.Count));
            while (batch.Count < largest && _waiting.TryDequeue(out var next))
            {
                batch.Add(next);
            }

            _sending -= batch.Count == 0 ? 1 : 0;
            return batch;
        }
    }
}
