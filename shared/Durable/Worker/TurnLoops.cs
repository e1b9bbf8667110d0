using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Bibind.Durable.Worker;

/// <summary>
/// A fixed number of loops that run turns. Code that never yields cannot be aborted: its loop is given up with the
/// thread it holds, and another takes its place, up to a limit.
/// </summary>
internal sealed class TurnLoops(WorkerContext worker, Func<TurnLoop, Task> runAsync, ISessionCoordinator sessions)
{
    private readonly ConcurrentDictionary<TurnLoop, Task> _loops = new();
    private int _stuck;

    public void Start()
    {
        for (var i = 0; i < worker.Options.MaxConcurrentTurns; i++)
        {
            Add();
        }
    }

    /// <summary>Returns when every loop has ended or was given up.</summary>
    public async Task EndAsync()
    {
        while (_loops.Values.FirstOrDefault(t => !t.IsCompleted) is { } running)
        {
            await Task.WhenAny(running, Task.Delay(CheckInterval, worker.Time));
            Check();
        }
    }

    /// <summary>Looks for turns that run too long, until stopped.</summary>
    public async Task WatchAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(CheckInterval, worker.Time);
        while (!stopping.IsCancellationRequested)
        {
            await timer.WaitForNextTickAsync(stopping).AsTask().ContinueWith(static _ => { }, TaskScheduler.Default);
            Check();
        }
    }

    private TimeSpan CheckInterval => worker.Options.MaxTurnDuration / 4;

    private void Add()
    {
        var loop = new TurnLoop(worker.Time);
        _loops[loop] = Task.Run(async () =>
        {
            await runAsync(loop);
            if (loop.IsGivenUp)
            {
                Interlocked.Decrement(ref _stuck);
            }

            _loops.TryRemove(loop, out _);
        });
    }

    private void Check()
    {
        foreach (var loop in _loops.Keys)
        {
            if (Volatile.Read(ref _stuck) >= worker.Options.MaxStuckTurns || !loop.GiveUpAfter(worker.Options.MaxTurnDuration, out var session))
            {
                continue;
            }

            Logs.TurnStuck(worker.Logger, session.Lease.InstanceId, worker.Options.MaxTurnDuration, Interlocked.Increment(ref _stuck));
            _loops.TryRemove(loop, out _);
            Add();
            sessions.Drop(session);
        }
    }
}

/// <summary>One loop, and the turn whose code it runs now.</summary>
internal sealed class TurnLoop(TimeProvider time)
{
    private readonly Lock _lock = new();
    private InstanceSession? _session;
    private long _since;

    /// <summary>True if another loop has taken this one's place: what it decides no longer counts.</summary>
    public bool IsGivenUp { get; private set; }

    /// <summary>Runs orchestrator code under watch.</summary>
    public T Run<T>(InstanceSession session, Func<T> code)
    {
        lock (_lock)
        {
            (_session, _since) = (session, time.GetTimestamp());
        }

        try
        {
            return code();
        }
        finally
        {
            lock (_lock)
            {
                _session = null;
            }
        }
    }

    /// <summary>Gives the loop up if its turn runs longer than the limit.</summary>
    public bool GiveUpAfter(TimeSpan limit, [NotNullWhen(true)] out InstanceSession? session)
    {
        lock (_lock)
        {
            session = _session;
            if (session is null || IsGivenUp || time.GetElapsedTime(_since) <= limit)
            {
                return false;
            }

            return IsGivenUp = true;
        }
    }
}
