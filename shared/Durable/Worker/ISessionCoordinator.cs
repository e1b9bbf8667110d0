namespace Bibind.Durable.Worker;

/// <summary>The instances that a worker holds, as its turns, commits and activities see them.</summary>
internal interface ISessionCoordinator
{
    /// <summary>True once the worker takes no new work.</summary>
    bool IsDraining { get; }

    /// <summary>How many activities may run at once.</summary>
    ActivitySlots Slots { get; }

    /// <summary>The session of an instance that is held here.</summary>
    InstanceSession? Find(string instanceId);

    /// <summary>Lets the session's next turn run.</summary>
    void ScheduleTurn(InstanceSession session);

    /// <summary>A turn was stored: what it claimed runs, and the session goes on or ends.</summary>
    void EndTurn(PendingTurn turn);

    /// <summary>A turn was not stored, or nobody knows: the session ends, and the instance is read afresh.</summary>
    void FailTurn(PendingTurn turn, Exception reason);

    /// <summary>Ends a session whose lease is lost or left to run out.</summary>
    void Drop(InstanceSession session);

    /// <summary>Ends a session and gives its lease back, available again after a delay.</summary>
    Task ReleaseAsync(InstanceSession session, TimeSpan delay);

    /// <summary>Ends a session whose code this worker lacks: given back at once, and passed by here for a while.</summary>
    Task LeaveToOthersAsync(InstanceSession session, TimeSpan wait);
}
