using System.Data.Common;
using Bibind.Durable.History;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Hubs;

/// <summary>
/// The store: instances, append-only history, messages, activity work. A turn is one commit, all or nothing. Every
/// lease carries a fencing token; a commit with an old token changes nothing.
/// </summary>
public interface ITaskHub : IAsyncDisposable
{
    /// <summary>Raised when an instance ends by a commit of this process; a hint for waiters, never the truth.</summary>
    event Action<string>? InstanceEnded;

    /// <summary>Makes the schema. Safe to call from several machines at once.</summary>
    Task InitializeAsync(CancellationToken cancellationToken);

    /// <summary>Creates an instance and its first message, in the caller's transaction where one is given.</summary>
    /// <exception cref="OrchestrationAlreadyExistsException">The id is taken by an instance that may not be replaced.</exception>
    Task CreateInstanceAsync(NewInstance instance, DbTransaction? transaction, CancellationToken cancellationToken);

    /// <summary>
    /// Puts a message into an instance's inbox; false if there is none, or it has ended. Before a scheduled start, all but a
    /// termination waits for that time.
    /// </summary>
    Task<bool> SendAsync(string instanceId, HistoryEvent message, CancellationToken cancellationToken);

    /// <summary>The instances that exist among <paramref name="instanceIds"/>.</summary>
    Task<IReadOnlyDictionary<string, OrchestrationState>> GetInstancesAsync(IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken);

    /// <summary>Instances, newest first, by page.</summary>
    Task<OrchestrationPage> QueryAsync(HubQuery query, CancellationToken cancellationToken);

    /// <summary>The history of the current execution, in order.</summary>
    Task<IReadOnlyList<HistoryEvent>> GetHistoryAsync(string instanceId, CancellationToken cancellationToken);

    /// <summary>Deletes an ended instance; false if there is none.</summary>
    /// <exception cref="InvalidOperationException">It has not ended.</exception>
    Task<bool> PurgeAsync(string instanceId, CancellationToken cancellationToken);

    /// <summary>Deletes ended instances that match; answers how many.</summary>
    Task<int> PurgeAsync(HubPurgeFilter filter, CancellationToken cancellationToken);

    /// <summary>Makes a failed instance run again, beginning with <paramref name="message"/>.</summary>
    /// <exception cref="InvalidOperationException">There is none, or it has not failed.</exception>
    Task RewindAsync(string instanceId, ExecutionRewoundEvent message, CancellationToken cancellationToken);

    /// <summary>Takes an instance from all workers until it is released. An old token is ignored.</summary>
    Task IsolateAsync(InstanceLease lease, string reason, CancellationToken cancellationToken);

    /// <summary>Gives an isolated instance back to the workers; false if there is none.</summary>
    Task<bool> ReleaseIsolatedAsync(string instanceId, CancellationToken cancellationToken);

    /// <summary>What is needed to run an instance again.</summary>
    Task<StoredExecution> LoadExecutionAsync(string instanceId, CancellationToken cancellationToken);

    /// <summary>Leases work, and fetches new messages for instances that the worker holds.</summary>
    Task<LeasedWork> LeaseAsync(LeaseRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Commits turns together. All commit, or the call throws: <see cref="LeaseLostException"/> if a token was old,
    /// anything else if the store failed and the outcome is unknown.
    /// </summary>
    Task CommitAsync(IReadOnlyList<TurnCommit> turns, CancellationToken cancellationToken);

    /// <summary>Ends leased activities and puts their answers into the inboxes; one whose lease was lost is left alone.</summary>
    Task CompleteActivitiesAsync(IReadOnlyList<ActivityAnswer> answers, CancellationToken cancellationToken);

    /// <summary>Prolongs leases; answers the ones that are lost.</summary>
    Task<LostLeases> RenewAsync(LeaseRenewal renewal, CancellationToken cancellationToken);

    /// <summary>Gives leases back, available again after a delay. Old tokens are ignored.</summary>
    Task ReleaseAsync(
        IReadOnlyList<InstanceLease> instances, IReadOnlyList<ActivityLease> activities, TimeSpan delay, CancellationToken cancellationToken);

    /// <summary>What waits now, for gauges.</summary>
    Task<HubBacklog> GetBacklogAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Returns when there may be work that came after the call, or after <paramref name="limit"/>. Everybody who waits is
    /// told; who looks for work after the call, and then awaits it, misses none.
    /// </summary>
    Task WaitForWorkAsync(TimeSpan limit, CancellationToken cancellationToken);
}

/// <summary>Work that is due and waits for a worker.</summary>
/// <param name="Messages">Messages of instances that nobody holds, counted up to 10,000.</param>
/// <param name="OldestMessage">How long the oldest of them has been due.</param>
/// <param name="Activities">Activities that nobody runs, counted up to 10,000.</param>
/// <param name="OldestActivity">How long the oldest of them has been due.</param>
/// <param name="Isolated">Instances taken from all workers.</param>
public sealed record HubBacklog(long Messages, TimeSpan OldestMessage, long Activities, TimeSpan OldestActivity, long Isolated)
{
    /// <summary>Nothing waits.</summary>
    public static HubBacklog Empty { get; } = new(0, TimeSpan.Zero, 0, TimeSpan.Zero, 0);
}

/// <summary>A lease was lost to another worker; nothing of the commit was stored.</summary>
public sealed class LeaseLostException(string message) : Exception(message);

/// <summary>An instance to create.</summary>
/// <param name="Started">Its first message.</param>
/// <param name="ReplaceableStatuses">An instance with the same id in one of these statuses is replaced.</param>
public sealed record NewInstance(ExecutionStartedEvent Started, IReadOnlyCollection<OrchestrationRuntimeStatus> ReplaceableStatuses);

/// <summary>The right to run an instance.</summary>
public readonly record struct InstanceLease(string InstanceId, long Token);

/// <summary>The right to run an activity.</summary>
public readonly record struct ActivityLease(Guid ActivityId, long Token);

/// <summary>A running execution as it is stored.</summary>
/// <param name="NextTurn">The number of the next turn.</param>
/// <param name="History">Its lines, in order.</param>
/// <param name="Status">What people see.</param>
/// <param name="CustomStatus">JSON text.</param>
public sealed record StoredExecution(int NextTurn, IReadOnlyList<HistoryEvent> History, OrchestrationRuntimeStatus Status, string? CustomStatus);

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
    public int GivenBack { get; init; }
}

/// <summary>An activity's answer.</summary>
/// <param name="Lease">The lease that it ran under.</param>
/// <param name="InstanceId">The caller.</param>
/// <param name="ExecutionId">The caller's execution.</param>
/// <param name="Event">Completed or failed.</param>
public sealed record ActivityAnswer(ActivityLease Lease, string InstanceId, string ExecutionId, HistoryEvent Event);

/// <summary>Leases to prolong.</summary>
public sealed record LeaseRenewal(IReadOnlyList<InstanceLease> Instances, IReadOnlyList<ActivityLease> Activities, TimeSpan Duration);

/// <summary>Leases that another worker has, or that are gone.</summary>
public sealed record LostLeases(IReadOnlyList<InstanceLease> Instances, IReadOnlyList<ActivityLease> Activities);

/// <summary>A message to another inbox, or to one's own at a later time.</summary>
/// <param name="InstanceId">The receiver.</param>
/// <param name="ExecutionId">The execution it is meant for.</param>
/// <param name="Event">What it brings.</param>
/// <param name="VisibleAt">Not before this time, UTC; at once if null.</param>
public sealed record OutboundMessage(string InstanceId, string? ExecutionId, HistoryEvent Event, DateTime? VisibleAt = null);

/// <summary>An activity that a turn scheduled.</summary>
/// <param name="Scheduled">The call.</param>
/// <param name="ClaimFor">The worker that runs it at once, under a lease of this duration; null leaves it to any worker.</param>
public sealed record NewActivity(TaskScheduledEvent Scheduled, ActivityClaim? ClaimFor)
{
    /// <summary>The activity's id, and the token of its first lease.</summary>
    public ActivityLease Lease { get; } = new(Guid.CreateVersion7(), 1);

    /// <summary>Who the work is done for; work is handed out to owners in turn. Empty for nobody in particular.</summary>
    public string Owner { get; init; } = string.Empty;

    /// <summary>The pool of activities that are limited together; null for no limit.</summary>
    public string? Pool { get; init; }

    /// <summary>W3C trace context of the orchestration.</summary>
    public string? TraceParent { get; init; }
}

/// <summary>A claim on an activity at its birth.</summary>
public sealed record ActivityClaim(string Worker, TimeSpan Duration);

/// <summary>The part of an instance that people see, after a turn.</summary>
public sealed record InstanceUpdate
{
    public required string ExecutionId { get; init; }
    public required OrchestrationRuntimeStatus Status { get; init; }
    public string Version { get; init; } = string.Empty;
    public string? Input { get; init; }
    public string? Output { get; init; }
    public string? CustomStatus { get; init; }
    public TaskFailureDetails? FailureDetails { get; init; }
    public required DateTime At { get; init; }

    /// <summary>True if the instance has ended.</summary>
    public bool Ended => Status is OrchestrationRuntimeStatus.Completed or OrchestrationRuntimeStatus.Failed or OrchestrationRuntimeStatus.Terminated;
}

/// <summary>Everything that a turn changes, in one commit.</summary>
public sealed record TurnCommit
{
    public required InstanceLease Lease { get; init; }

    /// <summary>The execution that the new history belongs to.</summary>
    public required string ExecutionId { get; init; }

    /// <summary>The number of the turn within the execution, from 0; each is stored once.</summary>
    public required int Turn { get; init; }

    /// <summary>The lines to append.</summary>
    public required IReadOnlyList<HistoryEvent> NewHistory { get; init; }

    /// <summary>True: the instance continued as new; the former execution's history is dropped.</summary>
    public bool ReplacesHistory { get; init; }

    /// <summary>Former generations that ended within this turn, oldest first; for observers, not stored.</summary>
    public IReadOnlyList<IReadOnlyList<HistoryEvent>> EndedGenerations { get; init; } = [];
    public IReadOnlyList<long> ConsumedMessages { get; init; } = [];
    public IReadOnlyList<ActivityLease> ConsumedActivities { get; init; } = [];
    public IReadOnlyList<NewActivity> Activities { get; init; } = [];
    public IReadOnlyList<OutboundMessage> Messages { get; init; } = [];
    public IReadOnlyList<NewInstance> Children { get; init; } = [];

    /// <summary>Failed children that are rewound with their parent.</summary>
    public IReadOnlyList<ChildRewind> Rewinds { get; init; } = [];

    /// <summary>What people see; null if it did not change.</summary>
    public InstanceUpdate? Update { get; init; }

    /// <summary>True: a consumed activity was limited together with others, who may be waiting for its end.</summary>
    public bool FreesPool { get; init; }

    /// <summary>True if a worker may have something to fetch, or a time to note, because of this turn.</summary>
    public bool MakesWork => FreesPool || Messages.Count > 0 || Children.Count > 0 || Rewinds.Count > 0 || Activities.Any(a => a.ClaimFor is null);

    /// <summary>True: the lease ends with the commit.</summary>
    public bool ReleasesLease { get; init; }

    /// <summary>True: earlier leases ended without a turn, and this turn shows that the instance can run after all.</summary>
    public bool ClearsAttempts { get; init; }
}

/// <summary>A failed child to rewind.</summary>
/// <param name="InstanceId">The child.</param>
/// <param name="Message">What it is told.</param>
/// <param name="IfRefused">What the parent is told if it cannot be rewound.</param>
public sealed record ChildRewind(string InstanceId, ExecutionRewoundEvent Message, OutboundMessage IfRefused);
