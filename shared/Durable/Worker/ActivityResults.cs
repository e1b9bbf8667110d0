using System.Threading.Channels;
using Bibind.Durable.Hubs;

namespace Bibind.Durable.Worker;

/// <summary>Stores the results of activities in groups; none is given up while the worker runs.</summary>
internal sealed class ActivityResults(WorkerContext worker)
{
    private readonly Channel<ActivityResult> _waiting = Channel.CreateUnbounded<ActivityResult>();
    private Task _storing = Task.CompletedTask;
    private int _unstored;

    /// <summary>True if none waits to be stored.</summary>
    public bool AreStored => Volatile.Read(ref _unstored) == 0;

    /// <summary>Begins to store.</summary>
    /// <param name="stopping">When the worker stops; what cannot be stored then is left to the lease's end.</param>
    public void Start(CancellationToken stopping) => _storing = Task.Run(() => RunAsync(stopping), CancellationToken.None);

    public void Add(ActivityResult result)
    {
        Interlocked.Increment(ref _unstored);
        _waiting.Writer.TryWrite(result);
    }

    /// <summary>Stores what waits; after it none are taken.</summary>
    public Task StopAsync()
    {
        _waiting.Writer.TryComplete();
        return _storing;
    }

    private async Task RunAsync(CancellationToken stopping)
    {
        var group = new List<ActivityResult>();
        while (await _waiting.Reader.WaitToReadAsync(CancellationToken.None))
        {
            group.Clear();
            while (group.Count < worker.Options.MaxTurnsPerCommit && _waiting.Reader.TryRead(out var answer))
            {
                group.Add(answer);
            }

            await StoreAsync(group, stopping);
            Interlocked.Add(ref _unstored, -group.Count);
        }
    }

    private async Task StoreAsync(IReadOnlyList<ActivityResult> group, CancellationToken stopping)
    {
        // An answer is the proof of an effect: it is kept until it is stored, or until the process ends, when the
        // lease runs out and the idempotent activity is asked again.
        for (var delay = worker.Options.FirstBackoff; ; delay = Backoff.Next(delay))
        {
            try
            {
                await worker.Hub.CompleteActivitiesAsync(group, CancellationToken.None);
                return;
            }
            catch (Exception unavailable) when (!stopping.IsCancellationRequested)
            {
                Logs.HubUnavailable(worker.Logger, unavailable, delay);
                await Task.Delay(delay, worker.Time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception unavailable)
            {
                Logs.HubUnavailable(worker.Logger, unavailable, worker.Options.LeaseDuration);
                return;
            }
        }
    }
}
