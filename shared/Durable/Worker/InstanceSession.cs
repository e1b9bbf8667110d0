using Bibind.Durable.Execution;
using Bibind.Durable.Hubs;

namespace Bibind.Durable.Worker;

/// <summary>
/// An instance that this worker holds: its lease, its live state, what waits for the next turn, and how many of its
/// activities run here. A session is held exactly as long as there is such local work.
/// </summary>
internal sealed class InstanceSession(InstanceLease lease, InstanceState? state, DateTime heldSince, int attempts)
{
    private readonly Lock _lock = new();
    private readonly Queue<TurnInput> _inbox = new();
    private readonly HashSet<long> _seenMessages = [];
    private int _localActivities;
    private bool _busy;
    private bool _closed;

    public InstanceLease Lease { get; } = lease;

    /// <summary>Null until loaded.</summary>
    public InstanceState? State { get; set; } = state;

    public DateTime HeldSince { get; } = heldSince;

    /// <summary>True if nobody has leased the instance before, since it was created or rewound.</summary>
    public bool IsFirstLease { get; init; }

    /// <summary>Leases without a turn, this one included; none once a turn shows that the instance can run.</summary>
    public int Attempts { get; private set; } = attempts;

    /// <summary>Called with a decided turn; true if its commit must clear the count.</summary>
    public bool ClearAttempts()
    {
        var counted = Attempts > 1;
        Attempts = 0;
        return counted;
    }

    public bool IsClosed
    {
        get
        {
            lock (_lock)
            {
                return _closed;
            }
        }
    }

    /// <summary>Puts messages in; true if a turn must be scheduled.</summary>
    public bool Deliver(IEnumerable<InboxMessage> messages)
    {
        lock (_lock)
        {
            if (_closed)
            {
                return false;
            }

            foreach (var message in messages)
            {
                // The hub hands out every visible message of a held instance; those of a turn under way are known.
                if (_seenMessages.Add(message.Id))
                {
                    _inbox.Enqueue(new TurnInput(message.Event, message.ExecutionId, message.Id));
                }
            }

            return BecomesBusy();
        }
    }

    /// <summary>Puts an activity's answer in. Not accepted if the session is closed: the answer goes through the hub.</summary>
    public (bool Accepted, bool ScheduleTurn) Deliver(TurnInput answer, bool wasLocal)
    {
        lock (_lock)
        {
            _localActivities -= wasLocal ? 1 : 0;
            if (_closed)
            {
                return (false, false);
            }

            _inbox.Enqueue(answer);
            return (true, BecomesBusy());
        }
    }

    /// <summary>A local activity ended without an answer; true if nothing keeps the session any more.</summary>
    public bool DropLocalActivity()
    {
        lock (_lock)
        {
            _localActivities--;
            return ClosesWhenIdle();
        }
    }

    public IReadOnlyList<TurnInput> TakeInbox()
    {
        lock (_lock)
        {
            var inputs = _inbox.ToArray();
            _inbox.Clear();
            return inputs;
        }
    }

    /// <summary>
    /// Called when a turn is decided: counts the activities that will run here, and closes the session if nothing will
    /// keep it; its lease then ends with the commit.
    /// </summary>
    public bool ClosesWithTurn(int claimedActivities, bool ended)
    {
        lock (_lock)
        {
            _localActivities += claimedActivities;
            // Messages that came meanwhile are still in the hub; an answer that came meanwhile is only here.
            if (ended || (_localActivities == 0 && _inbox.All(i => i.Activity is null)))
            {
                _closed = true;
            }

            return _closed;
        }
    }

    /// <summary>Called after a commit; tells what comes next.</summary>
    public (bool ScheduleTurn, bool Release) EndTurn()
    {
        lock (_lock)
        {
            if (_closed)
            {
                return (false, false);
            }

            if (_inbox.Count > 0)
            {
                return (true, false);
            }

            _busy = false;
            return (false, ClosesWhenIdle());
        }
    }

    /// <summary>Takes no more; answers the activity answers that are still waiting.</summary>
    public IReadOnlyList<TurnInput> Close()
    {
        lock (_lock)
        {
            _closed = true;
            var waiting = _inbox.Where(i => i.Activity is not null).ToArray();
            _inbox.Clear();
            return waiting;
        }
    }

    private bool BecomesBusy()
    {
        if (_busy || _inbox.Count == 0)
        {
            return false;
        }

        _busy = true;
        return true;
    }

    private bool ClosesWhenIdle()
    {
        if (_closed || _busy || _localActivities > 0 || _inbox.Count > 0)
        {
            return false;
        }

        _closed = true;
        return true;
    }
}
