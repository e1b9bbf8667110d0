using System.Collections.Concurrent;

namespace Bibind.Durable.Worker;

/// <summary>Bounds how many activities run at once, in all and of each owner.</summary>
internal sealed class ActivitySlots(TaskHubWorkerOptions options, WakeUp wakeUp)
{
    private readonly ConcurrentDictionary<string, int> _byOwner = new(StringComparer.Ordinal);
    private int _reserved;
    private volatile bool _refused;
    private volatile bool _fetching;

    /// <summary>
    /// Takes free slots for a fetch, half of all at most, so that turns can claim theirs meanwhile; give back what is
    /// not used, and call <see cref="EndFetch"/>.
    /// </summary>
    public int Reserve()
    {
        // The hub is told what each owner has running, and fills up to the limit: claims that come now would go over it.
        _fetching = true;
        Interlocked.MemoryBarrier();
        while (true)
        {
            var reserved = Volatile.Read(ref _reserved);
            var free = Math.Clamp(options.MaxConcurrentActivities - reserved, 0, (options.MaxConcurrentActivities + 1) / 2);
            if (free == 0)
            {
                // Said first and looked at again afterwards: a slot that is given back in between would wake nobody.
                _refused = true;
                Interlocked.MemoryBarrier();
            }

            if (Interlocked.CompareExchange(ref _reserved, reserved + free, reserved) == reserved)
            {
                return free;
            }
        }
    }

    /// <summary>What was fetched is counted.</summary>
    public void EndFetch() => _fetching = false;

    /// <summary>Activities of each owner that have a slot, as of now: a dictionary that changes while it is read would throw.</summary>
    public IReadOnlyDictionary<string, int> RunningByOwner => _byOwner.ToArray().ToDictionary(StringComparer.Ordinal);

    /// <summary>Takes one slot, if there is one and the owner may have it.</summary>
    public bool TryReserve(string owner)
    {
        var count = Count(owner, 1);
        Interlocked.MemoryBarrier();
        var mayClaim = owner.Length == 0 || (count <= options.MaxConcurrentActivitiesPerOwner && !_fetching);
        if (mayClaim && Interlocked.Increment(ref _reserved) is var reserved)
        {
            if (reserved <= options.MaxConcurrentActivities)
            {
                return true;
            }

            Interlocked.Decrement(ref _reserved);
        }

        Count(owner, -1);
        _refused = true;
        return false;
    }

    /// <summary>Gives slots of an owner's activities back.</summary>
    public void Unreserve(int slots, string owner)
    {
        Count(owner, -slots);
        Unreserve(slots);
    }

    /// <summary>Gives slots back that were reserved for a fetch.</summary>
    public void Unreserve(int slots)
    {
        Interlocked.Add(ref _reserved, -slots);
        if (_refused && slots > 0)
        {
            _refused = false;
            wakeUp.Set();
        }
    }

    /// <summary>Counts activities of an owner; answers how many it has now. Nobody in particular is not counted.</summary>
    public int Count(string owner, int more)
    {
        if (owner.Length == 0)
        {
            return 0;
        }

        var count = _byOwner.AddOrUpdate(owner, static (_, m) => m, static (_, c, m) => c + m, more);
        if (count == 0)
        {
            _byOwner.TryRemove(new KeyValuePair<string, int>(owner, 0));
        }

        return count;
    }
}
