using System.Collections.Concurrent;
using Bibind.Durable.Hubs;
using Bibind.Durable.Telemetry;

namespace Bibind.Durable.Worker;

/// <summary>Holds the instances that a worker has leased, from the lease to its end, and puts the worker's parts together.</summary>
internal sealed class SessionCoordinator : ISessionCoordinator, IDisposable
{
    private readonly WorkerContext _worker;
    private readonly WakeUp _wakeUp;
    private readonly LeftToOthers<string> _leftToOthers;
    private readonly ConcurrentDictionary<string, InstanceSession> _sessions = new(StringComparer.Ordinal);
    private readonly TurnCommitter _committer;
    private readonly TurnRunner _turns;
    private volatile bool _draining;

    public SessionCoordinator(WorkerContext worker, WakeUp wakeUp)
    {
        _worker = worker;
        _wakeUp = wakeUp;
        _leftToOthers = new LeftToOthers<string>(worker.Time);
        Slots = new ActivitySlots(worker.Options, wakeUp);
        Activities = new ActivityRunner(worker, this);
        _committer = new TurnCommitter(worker, this);
        _turns = new TurnRunner(worker, this, _committer, Activities);
    }

    public bool IsDraining => _draining;

    public ActivitySlots Slots { get; }

    public ActivityRunner Activities { get; }

    /// <summary>Instances held now.</summary>
    public int Held => _sessions.Count;

    public InstanceSession[] Sessions => [.. _sessions.Values];

    /// <summary>Instances that are left to other workers for now.</summary>
    public IReadOnlyList<string> PassedBy => _leftToOthers.Current();

    public void Start()
    {
        _committer.Start();
        _turns.Start();
        Activities.Start();
    }

    /// <summary>From now on turns claim no activities for this worker.</summary>
    public void Drain() => _draining = true;

    /// <summary>Lets activities end within a limit, stores what is ready and gives every lease back.</summary>
    public async Task StopAsync(TimeSpan limit)
    {
        await Activities.StopAsync(limit);
        await _turns.StopAsync();
        await _committer.StopAsync();
        var held = Sessions;
        foreach (var session in held)
        {
            Activities.Answer(session.Close());
        }

        await Activities.FlushAsync();
        if (held.Length > 0)
        {
            await TryReleaseAsync([.. held.Select(s => s.Lease)], TimeSpan.Zero);
        }

        _sessions.Clear();
    }

    public InstanceSession? Find(string instanceId) => _sessions.GetValueOrDefault(instanceId);

    public void ScheduleTurn(InstanceSession session) => _turns.Schedule(session);

    /// <summary>Begins a session with a fresh lease, or isolates an instance that never finishes a turn.</summary>
    public void Hold(LeasedInstance leased, DateTime now)
    {
        if (leased.Attempts > _worker.Options.MaxAttemptsWithoutTurn)
        {
            _ = QuarantineAsync(leased);
            return;
        }

        var session = new InstanceSession(leased.Lease, _turns.TakeCached(leased), now, leased.Attempts) { IsFirstLease = leased.PreviousToken == 0 };
        if (_sessions.TryGetValue(leased.Lease.InstanceId, out var stale))
        {
            // The hub gave the instance out again, so the lease that we thought we had is lost.
            Activities.Answer(stale.Close());
        }

        _sessions[leased.Lease.InstanceId] = session;
        if (session.Deliver(leased.Messages))
        {
            ScheduleTurn(session);
        }
    }

    /// <summary>Another worker has the lease, or it is gone.</summary>
    public void LoseLease(InstanceLease lease)
    {
        // A session that ended or was given back meanwhile is no longer ours to lose.
        if (_sessions.TryGetValue(lease.InstanceId, out var session) && session.Lease == lease && !session.IsClosed)
        {
            Logs.LeaseLost(_worker.Logger, lease.InstanceId);
            Drop(session);
        }
    }

    public void EndTurn(PendingTurn turn)
    {
        var session = turn.Session;
        if (turn.Closes)
        {
            var hasEnded = session.State!.HasEnded;
            if (!hasEnded)
            {
                _turns.Keep(session);
            }

            _sessions.TryRemove(new KeyValuePair<string, InstanceSession>(session.Lease.InstanceId, session));
            if (!hasEnded)
            {
                // What came for it while it was held was passed by: whoever told of it told too early.
                _wakeUp.Set();
            }
        }

        foreach (var activity in turn.Claimed)
        {
            Activities.Run(activity, session, turn.CommittingSince);
        }

        if (turn.Commit.Update is { Ended: true } update)
        {
            Logs.InstanceEnded(_worker.Logger, session.Lease.InstanceId, update.Status);
            DurableTelemetry.End(session.State!.Started!, update);
        }

        var (schedule, release) = session.EndTurn();
        if (schedule)
        {
            ScheduleTurn(session);
        }
        else if (release)
        {
            _ = ReleaseAsync(session, TimeSpan.Zero);
        }
    }

    public void FailTurn(PendingTurn turn, Exception reason)
    {
        var session = turn.Session;
        foreach (var activity in turn.Claimed)
        {
            Slots.Unreserve(1, activity.Owner);
        }

        // What the turn consumed is not lost: messages are still in the hub, and answers go there now.
        Activities.Answer([.. turn.Inputs.Where(i => i.Activity is not null)]);
        Drop(session);
        if (reason is LeaseLostException)
        {
            // Or only a message was consumed already, and the lease is still ours to give back; an old one is ignored.
            Logs.LeaseLost(_worker.Logger, session.Lease.InstanceId);
            _ = TryReleaseAsync([session.Lease], TimeSpan.Zero);
            return;
        }

        var delay = _turns.BackoffFor(session.Lease.InstanceId);
        Logs.CommitFailed(_worker.Logger, reason, session.Lease.InstanceId, delay);
        _ = TryReleaseAsync([session.Lease], delay);
    }

    public void Drop(InstanceSession session)
    {
        Activities.Answer(session.Close());
        _sessions.TryRemove(new KeyValuePair<string, InstanceSession>(session.Lease.InstanceId, session));
    }

    public Task ReleaseAsync(InstanceSession session, TimeSpan delay)
    {
        Drop(session);
        return TryReleaseAsync([session.Lease], delay);
    }

    public Task LeaveToOthersAsync(InstanceSession session, TimeSpan wait)
    {
        _leftToOthers.Add(session.Lease.InstanceId, wait);
        return ReleaseAsync(session, TimeSpan.Zero);
    }

    public void Dispose()
    {
        Activities.Dispose();
        _turns.Dispose();
    }

    private async Task QuarantineAsync(LeasedInstance leased)
    {
        var reason = $"The instance was leased {leased.Attempts - 1} times in a row and never finished a turn: its code ends the process or never yields.";
        Logs.InstanceQuarantined(_worker.Logger, leased.Lease.InstanceId, reason);
        try
        {
            await _worker.Hub.QuarantineAsync(leased.Lease, reason, CancellationToken.None);
        }
        catch (Exception unavailable)
        {
            // The lease runs out, and the next worker isolates it.
            Logs.HubUnavailable(_worker.Logger, unavailable, _worker.Options.LeaseDuration);
        }
    }

    private async Task TryReleaseAsync(IReadOnlyList<InstanceLease> leases, TimeSpan delay)
    {
        try
        {
            await _worker.Hub.ReleaseAsync(leases, [], delay, CancellationToken.None);
        }
        catch (Exception unavailable)
        {
            // The leases run out by themselves.
            Logs.HubUnavailable(_worker.Logger, unavailable, _worker.Options.LeaseDuration);
        }
    }
}
