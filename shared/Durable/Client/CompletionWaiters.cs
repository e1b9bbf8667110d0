using Bibind.Durable.Hubs;

namespace Bibind.Durable.Client;

/// <summary>
/// Waits for the ends of instances on behalf of many callers: one read answers all that are due. An end that was
/// committed in this process is read at once, also when it came before anybody waited; others are looked for, less and
/// less often.
/// </summary>
internal sealed class CompletionWaiters : IDisposable
{
    // Milliseconds of the machine's clock: what is waited for is the store, whatever time it is for orchestrations.
    private const long FirstWait = 20;
    private const long LongestWait = 250;
    private const long BeingAsked = long.MaxValue;

    // Ends that nobody waited for: as many as may come between a start and the wait for its end.
    private const int RememberedEnds = 1000;
    private readonly IHubManagement _hub;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<Waiter>> _waiters = new(StringComparer.Ordinal);
    private readonly HashSet<string> _ended = new(StringComparer.Ordinal);
    private readonly Queue<string> _endedInOrder = new();
    private TaskCompletionSource _changed = NewSignal();
    private bool _reading;

    public CompletionWaiters(IHubManagement hub)
    {
        _hub = hub;
        hub.InstanceEnded += OnEnded;
    }

    public void Dispose() => _hub.InstanceEnded -= OnEnded;

    /// <summary>The instance when it has ended.</summary>
    /// <exception cref="InvalidOperationException">There is no such instance.</exception>
    public async Task<OrchestrationState> WaitAsync(string instanceId, CancellationToken cancellation)
    {
        var waiter = new Waiter();
        Add(instanceId, waiter);
        try
        {
            return await waiter.End.Task.WaitAsync(cancellation)
                ?? throw new InvalidOperationException($"There is no orchestration instance '{instanceId}'.");
        }
        finally
        {
            Remove(instanceId, waiter);
        }
    }

    private void Add(string instanceId, Waiter waiter)
    {
        lock (_lock)
        {
            if (_ended.Remove(instanceId))
            {
                waiter.DueAt = 0;
            }

            if (_waiters.TryGetValue(instanceId, out var others))
            {
                others.Add(waiter);
            }
            else
            {
                _waiters.Add(instanceId, [waiter]);
            }

            if (_reading)
            {
                // Whoever waits longer than the new one must look again how long.
                _changed.TrySetResult();
                return;
            }

            _reading = true;
            _ = Task.Run(ReadAsync, CancellationToken.None);
        }
    }

    private void Remove(string instanceId, Waiter waiter)
    {
        lock (_lock)
        {
            if (_waiters.TryGetValue(instanceId, out var waiters) && waiters.Remove(waiter) && waiters.Count == 0)
            {
                _waiters.Remove(instanceId);
            }

            if (_waiters.Count == 0)
            {
                _changed.TrySetResult();
            }
        }
    }

    private void OnEnded(string instanceId)
    {
        lock (_lock)
        {
            if (_waiters.TryGetValue(instanceId, out var waiters))
            {
                waiters.ForEach(w => w.DueAt = 0);
                _changed.TrySetResult();
            }
            else if (_ended.Add(instanceId))
            {
                _endedInOrder.Enqueue(instanceId);
                if (_endedInOrder.Count > RememberedEnds)
                {
                    _ended.Remove(_endedInOrder.Dequeue());
                }
            }
        }
    }

    private async Task ReadAsync()
    {
        while (true)
        {
            string[] due;
            Task changed;
            long wait;
            lock (_lock)
            {
                if (_waiters.Count == 0)
                {
                    _reading = false;
                    return;
                }

                var now = Environment.TickCount64;
                due = [.. _waiters.Where(w => w.Value.Exists(v => v.DueAt <= now)).Select(w => w.Key)];
                wait = due.Length > 0 ? 0 : _waiters.Values.SelectMany(w => w).Min(w => w.DueAt) - now;
                foreach (var waiter in due.SelectMany(instanceId => _waiters[instanceId]))
                {
                    (waiter.DueAt, waiter.IsAsked) = (BeingAsked, true);
                }

                _changed = _changed.Task.IsCompleted ? NewSignal() : _changed;
                changed = _changed.Task;
            }

            if (due.Length > 0)
            {
                await AnswerAsync(due);
            }
            else
            {
                await changed.WaitAsync(TimeSpan.FromMilliseconds(Math.Min(wait, LongestWait))).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task AnswerAsync(string[] due)
    {
        try
        {
            var found = await _hub.GetInstancesAsync(due, CancellationToken.None);
            foreach (var instanceId in due)
            {
                var instance = found.GetValueOrDefault(instanceId);
                Settle(instanceId, w => w.End.TrySetResult(instance), settled: instance is null or { IsCompleted: true });
            }
        }
        catch (Exception unavailable)
        {
            Array.ForEach(due, instanceId => Settle(instanceId, w => w.End.TrySetException(unavailable), settled: true));
        }
    }

    // Who is not settled asks again later; who is settled takes himself off the list.
    private void Settle(string instanceId, Action<Waiter> settle, bool settled)
    {
        lock (_lock)
        {
            if (!_waiters.TryGetValue(instanceId, out var waiters))
            {
                return;
            }

            // Who came while the question was under way is not answered by it: the instance may have been rewound in between.
            foreach (var waiter in waiters.Where(w => w.IsAsked))
            {
                if (settled)
                {
                    settle(waiter);
                    continue;
                }

                waiter.IsAsked = false;
                if (waiter.DueAt == BeingAsked)
                {
                    // Otherwise it ended while the question was under way, and is asked for again at once.
                    waiter.DueAt = Environment.TickCount64 + waiter.NextWait();
                }
            }
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Waiter
    {
        private long _wait = FirstWait;

        public TaskCompletionSource<OrchestrationState?> End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public long DueAt { get; set; } = Environment.TickCount64 + FirstWait;

        /// <summary>True while the store is asked on its behalf.</summary>
        public bool IsAsked { get; set; }

        public long NextWait() => _wait = Math.Min(_wait * 3, LongestWait);
    }
}
