using System.Collections.Concurrent;
using System.Threading.Channels;
using Grpc.Core;
using P = Microsoft.DurableTask.Protobuf;

namespace Bibind.SchedulerHost;

/// <summary>Hands work to whichever worker is there, at least once.</summary>
internal sealed class Delivery(Faults faults)
{
    private readonly Channel<string> _due = Channel.CreateUnbounded<string>();
    private readonly ConcurrentDictionary<string, P.WorkItem> _open = new(StringComparer.Ordinal);
    private int _delivered;

    public void Add(P.WorkItem item)
    {
        item.CompletionToken = Guid.NewGuid().ToString("n");
        _open[item.CompletionToken] = item;
        _due.Writer.TryWrite(item.CompletionToken);
    }

    public void AddAgain(string token, TimeSpan delay) =>
        Task.Delay(delay).ContinueWith(_ => _due.Writer.TryWrite(token), TaskScheduler.Default);

    /// <summary>True for the first answer to an item that is open.</summary>
    public bool TryTake(string token, bool isLast) => isLast ? _open.TryRemove(token, out _) : _open.ContainsKey(token);

    public async Task ServeAsync(IServerStreamWriter<P.WorkItem> worker, CancellationToken cancellationToken)
    {
        var taken = new List<string>();
        try
        {
            while (faults.DropAfter == 0 || taken.Count < faults.DropAfter)
            {
                var token = await _due.Reader.ReadAsync(cancellationToken);
                if (!_open.TryGetValue(token, out var item))
                {
                    continue;
                }

                taken.Add(token);
                await worker.WriteAsync(item, cancellationToken);
                if (faults.DuplicateEvery > 0 && Interlocked.Increment(ref _delivered) % faults.DuplicateEvery == 0)
                {
                    await worker.WriteAsync(item, cancellationToken);
                }
            }
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // The worker has gone; what it took is due again.
        }
        finally
        {
            foreach (var token in taken)
            {
                _due.Writer.TryWrite(token);
            }
        }
    }
}
