using Bibind.Durable.History;

namespace Bibind.Durable.Hubs;

/// <summary>Work under leases. Every lease carries a fencing token.</summary>
public interface IWorkSource
{
    /// <summary>
    /// Returns when there may be work that came after the call, or after <paramref name="limit"/>. Everybody who waits is
    /// told; who looks for work after the call, and then awaits it, misses none.
    /// </summary>
    Task WaitForWorkAsync(TimeSpan limit, CancellationToken cancellationToken);

    /// <summary>Leases work, and fetches new messages for instances that the worker holds.</summary>
    Task<LeasedWork> LeaseAsync(LeaseRequest request, CancellationToken cancellationToken);

    /// <summary>Prolongs leases; answers the ones that are lost.</summary>
    Task<LostLeases> RenewAsync(LeaseRenewal renewal, CancellationToken cancellationToken);

    /// <summary>Gives leases back, available again after a delay. Old tokens are ignored.</summary>
    Task ReleaseAsync(
        IReadOnlyList<InstanceLease> instances, IReadOnlyList<ActivityLease> activities, TimeSpan delay, CancellationToken cancellationToken);
}

/// <summary>What a worker asks for.</summary>
/// <param name="Worker">Its name, for people.</param>
/// <param name="MaxInstances">How many instances at most.</param>
/// <param name="MaxActivities">How many activities at most.</param>
/// <param name="Duration">How long the leases last.</param>
/// <param name="Held">Instances it holds: their messages are fetched too, known ones among them.</param>
public sealed record LeaseRequest(string Worker, int MaxInstances, int MaxActivities, TimeSpan Duration, IReadOnlyList<string> Held)
{
    /// <summary>How many activities of a pool may run at once, in all workers together.</summary>
    public IReadOnlyDictionary<string, int> PoolLimits { get; init; } = new Dictionary<string, int>();

    /// <summary>How many activities of one owner this worker runs at once; those without an owner are not limited.</summary>
    public int MaxActivitiesPerOwner { get; init; } = int.MaxValue;

    /// <summary>Instances that are left to other workers for now.</summary>
    public IReadOnlyList<string> PassedBy { get; init; } = [];

    /// <summary>Activities that are left to other workers for now.</summary>
    public IReadOnlyList<Guid> PassedByActivities { get; init; } = [];

    /// <summary>The owner that was served last; the turn is the next one's.</summary>
    public string LastOwner { get; init; } = string.Empty;

    /// <summary>How many activities of each owner this worker runs now.</summary>
    public IReadOnlyDictionary<string, int> RunningByOwner { get; init; } = new Dictionary<string, int>();
}

/// <summary>What a worker got.</summary>
/// <param name="Instances">Newly leased, with their messages.</param>
/// <param name="Activities">Newly leased.</param>
/// <param name="Messages">Messages of held instances; the worker leaves out what it has seen.</param>
/// <param name="NextDueAt">When the next message or activity becomes available, UTC, if that is known.</param>
public sealed record LeasedWork(
    IReadOnlyList<LeasedInstance> Instances,
    IReadOnlyList<LeasedActivity> Activities,
    IReadOnlyList<InboxMessage> Messages,
    DateTime? NextDueAt)
{
    /// <summary>Nothing at all.</summary>
    public bool IsEmpty => Instances.Count == 0 && Activities.Count == 0 && Messages.Count == 0;
}

/// <summary>A leased instance.</summary>
/// <param name="Lease">The lease.</param>
/// <param name="PreviousToken">The token of the lease before; tokens are never used twice, so a state kept under that one is the latest. 0 for the first lease.</param>
/// <param name="Messages">Its inbox, oldest first; the start is among them when it is leased, to be terminated, before its scheduled start.</param>
public sealed record LeasedInstance(InstanceLease Lease, long PreviousToken, IReadOnlyList<InboxMessage> Messages)
{
    /// <summary>How often it was leased since it was last given back or committed a turn, this time included.</summary>
    public int Attempts { get; init; } = 1;
}

/// <summary>A message in an inbox.</summary>
/// <param name="Id">Its id; grows with time.</param>
/// <param name="InstanceId">The receiver.</param>
/// <param name="ExecutionId">The execution it is meant for; null for whichever runs.</param>
/// <param name="Event">What it brings.</param>
public sealed record InboxMessage(long Id, string InstanceId, string? ExecutionId, HistoryEvent Event);

/// <summary>An activity to run.</summary>
public sealed record LeasedActivity
{
    public required ActivityLease Lease { get; init; }
    public required string InstanceId { get; init; }
    public required string ExecutionId { get; init; }
    public required TaskScheduledEvent Scheduled { get; init; }

    /// <summary>Who the work is done for; empty for nobody in particular.</summary>
    public string Owner { get; init; } = string.Empty;

    /// <summary>W3C trace context of the orchestration.</summary>
    public string? TraceParent { get; init; }

    /// <summary>True if it is limited together with others, who may be waiting for its end.</summary>
    public bool IsPooled { get; init; }

    /// <summary>How often it was handed out, this time included.</summary>
    public required int Deliveries { get; init; }

    /// <summary>How often a worker gave it back on purpose.</summary>
    public int Abandoned { get; init; }
}

/// <summary>Leases to prolong.</summary>
public sealed record LeaseRenewal(IReadOnlyList<InstanceLease> Instances, IReadOnlyList<ActivityLease> Activities, TimeSpan Duration);

/// <summary>Leases that another worker has, or that are gone.</summary>
public sealed record LostLeases(IReadOnlyList<InstanceLease> Instances, IReadOnlyList<ActivityLease> Activities);
