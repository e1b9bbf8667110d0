using System.Collections.Concurrent;
using Bibind.Functions.Queues.Brokers;

namespace Bibind.Functions.Queues;

/// <summary>Takes the messages of one queue at one broker, as many at once as are allowed, for as long as the host runs.</summary>
internal sealed class QueueConsumer(string broker, DeliveryContext context) : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan LongestGathering = TimeSpan.FromMilliseconds(100);

    // How many receive beside the first while the queue is full. Brokers answer more calls at once than one, and ask money for those that bring nothing.
    private const int MostHelpers = 3;

    private readonly SemaphoreSlim _slots = new(context.Settings.MaxConcurrentMessages);
    private readonly SemaphoreSlim _gatheringOne = new(1);
    private readonly Task[] _helpers = [.. Enumerable.Repeat(Task.CompletedTask, MostHelpers)];
    private readonly CancellationTokenSource _receiving = new();
    private readonly CancellationTokenSource _handling = new();
    private readonly ConcurrentDictionary<TaskCompletionSource, Task> _running = new();
    private Task _loop = Task.CompletedTask;
    private bool _created = !context.Settings.CreateQueues;
    private TimeSpan _gathering = TimeSpan.FromMilliseconds(1);
    private long _goneSince;
    private string? _fault = "has not answered yet";

    /// <summary>What is wrong with the way to the broker, or null.</summary>
    public string? Fault => Volatile.Read(ref _fault) is { } fault ? $"{context.Queue.Name} at {broker} {fault}." : null;

    public void Start()
    {
        Logs.Consuming(context.Logger, context.Queue.Name, broker, context.Function.Name);
        _loop = Task.Run(ReceiveAllAsync);
    }

    /// <summary>Receives nothing more, lets handlers finish within the limit, and gives the rest back.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _receiving.CancelAsync();
        await _loop;
        await Task.WhenAll(_helpers);
        await EndAsync(context.Settings.ShutdownLimit, cancellationToken);
        await _handling.CancelAsync();
        await EndAsync(TimeSpan.FromSeconds(5), CancellationToken.None);
    }

    public ValueTask DisposeAsync()
    {
        _slots.Dispose();
        _gatheringOne.Dispose();
        _receiving.Dispose();
        _handling.Dispose();
        return ValueTask.CompletedTask;
    }

    private int FullBatch => Math.Min(context.Queue.LargestBatch, context.Settings.MaxConcurrentMessages);

    private async Task EndAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(_running.Values).WaitAsync(limit, cancellationToken);
        }
        catch (Exception over) when (over is TimeoutException or OperationCanceledException)
        {
            // Then without them.
        }
    }

    private async Task ReceiveAllAsync()
    {
        var pause = FirstPause;
        var backOff = FirstPause;
        while (!_receiving.IsCancellationRequested)
        {
            var slots = 0;
            var taken = 0;
            try
            {
                await context.Gate.UntilOpenAsync(_receiving.Token);
                slots = await TakeSlotsAsync();
                taken = await ReceiveAsync(slots, mayWait: Volatile.Read(ref _fault) is null);
                BrokerAnswered();
                CallForHelp(taken);
                backOff = FirstPause;
                pause = taken > 0 ? FirstPause : Longer(pause, context.Queue.LongestPause);
                if (taken == 0)
                {
                    Release(ref slots, taken);
                    await RestAsync(context.Queue.LongestPause < pause ? context.Queue.LongestPause : pause);
                }
            }
            catch (OperationCanceledException) when (_receiving.IsCancellationRequested)
            {
                // The host stops.
            }
            catch (Exception failure)
            {
                BrokerFailed(failure);
                Release(ref slots, taken);
                await RestAsync(backOff);
                backOff = Longer(backOff, LongestBackOff);
            }

            Release(ref slots, taken);
        }
    }

    // Only the loop calls.
    private void CallForHelp(int taken)
    {
        var idle = taken == FullBatch && !_receiving.IsCancellationRequested ? Array.FindIndex(_helpers, h => h.IsCompleted) : -1;
        if (idle >= 0)
        {
            _helpers[idle] = Task.Run(HelpAsync);
        }
    }

    // What goes wrong here is found by the loop, which says so and waits.
    private async Task HelpAsync()
    {
        for (var isFull = true; isFull && !_receiving.IsCancellationRequested;)
        {
            var (slots, taken) = (0, 0);
            try
            {
                await context.Gate.UntilOpenAsync(_receiving.Token);
                slots = await TakeSlotsAsync();
                taken = await ReceiveAsync(slots, mayWait: false);
            }
            catch (Exception)
            {
                // The next call is the loop's.
            }

            isFull = taken == FullBatch;
            Release(ref slots, taken);
        }
    }

    private async Task<int> ReceiveAsync(int slots, bool mayWait)
    {
        if (!_created)
        {
            await context.Queue.CreateAsync(_receiving.Token);
            await context.Poison.CreateAsync(_receiving.Token);
            _created = true;
        }

        var lease = context.Settings.VisibilityTimeout;
        var from = context.Time.GetTimestamp();
        var messages = await ReceiveAsync(slots, lease, mayWait);
        // A long poll may have waited first, hence the answer counts; the lease is held to be a little shorter instead.
        var leasedAt = context.Time.GetTimestamp();
        var took = context.Time.GetElapsedTime(from, leasedAt);
        _gathering = took < LongestGathering ? took : LongestGathering;
        foreach (var message in messages)
        {
            // Added before it can end; when it ends it is removed.
            var ended = new TaskCompletionSource();
            _running[ended] = ended.Task;
            _ = RunAsync(message, leasedAt, ended);
        }

        return messages.Count;
    }

    private async Task<IReadOnlyList<BrokerMessage>> ReceiveAsync(int slots, TimeSpan lease, bool mayWait)
    {
        try
        {
            // Whether the broker is there should not have to wait for the end of a long poll.
            return await context.Queue.ReceiveAsync(slots, lease, mayWait, _receiving.Token);
        }
        catch (Exception failure) when (failure is not OperationCanceledException && context.Settings.CreateQueues)
        {
            // Perhaps somebody deleted the queue.
            _created = false;
            throw;
        }
    }

    private async Task RunAsync(BrokerMessage message, long leasedAt, TaskCompletionSource ended)
    {
        try
        {
            using var delivery = new QueueDelivery(context, message, leasedAt);
            await Task.Run(() => delivery.RunAsync(_handling.Token));
        }
        finally
        {
            _running.TryRemove(ended, out _);
            ended.SetResult();
            _slots.Release();
        }
    }

    private async Task<int> TakeSlotsAsync()
    {
        // One at a time: two that gather would both get half a batch.
        await _gatheringOne.WaitAsync(_receiving.Token);
        try
        {
            return await GatherAsync(FullBatch);
        }
        finally
        {
            _gatheringOne.Release();
        }
    }

    private async Task<int> GatherAsync(int wanted)
    {
        await _slots.WaitAsync(_receiving.Token);
        var slots = 1;
        var from = context.Time.GetTimestamp();
        // Under load, slots become free one by one. It pays to wait for a full batch, but no longer than a call takes.
        while (slots < wanted && _gathering - context.Time.GetElapsedTime(from) is var left
            && await _slots.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, CancellationToken.None))
        {
            slots++;
        }

        return slots;
    }

    private void Release(ref int slots, int taken)
    {
        if (slots > taken)
        {
            _slots.Release(slots - taken);
        }

        slots = taken;
    }

    private async Task RestAsync(TimeSpan pause)
    {
        try
        {
            await Task.Delay(pause, context.Time, _receiving.Token);
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    private void BrokerAnswered()
    {
        if (Interlocked.Exchange(ref _goneSince, 0) is var since and not 0)
        {
            Logs.BrokerBack(context.Logger, context.Queue.Name, broker, context.Time.GetElapsedTime(since).TotalSeconds);
        }

        Volatile.Write(ref _fault, null);
    }

    private void BrokerFailed(Exception failure)
    {
        if (Interlocked.CompareExchange(ref _goneSince, context.Time.GetTimestamp(), 0) == 0)
        {
            Logs.BrokerGone(context.Logger, context.Queue.Name, broker, failure);
            Volatile.Write(ref _fault, $"does not answer since {context.Time.GetUtcNow():u}");
        }
    }

    private static TimeSpan Longer(TimeSpan pause, TimeSpan longest) => pause * 2 < longest ? pause * 2 : longest;
}
