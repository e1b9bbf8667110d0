using Bibind.Durable.History;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Hubs;

/// <summary>What a worker loads and stores. A turn is one commit, all or nothing; a commit with an old token changes nothing.</summary>
public interface ITurnStore
{
    /// <summary>What is needed to run an instance again.</summary>
    Task<StoredExecution> LoadExecutionAsync(string instanceId, CancellationToken cancellationToken);

    /// <summary>
    /// Commits turns together. All commit, or the call throws: <see cref="LeaseLostException"/> if a token was old,
    /// anything else if the store failed and the outcome is unknown.
    /// </summary>
    Task CommitAsync(IReadOnlyList<TurnCommit> turns, CancellationToken cancellationToken);

    /// <summary>Ends leased activities and puts their answers into the inboxes; one whose lease was lost is left alone.</summary>
    Task CompleteActivitiesAsync(IReadOnlyList<ActivityResult> answers, CancellationToken cancellationToken);

    /// <summary>Takes an instance from all workers until it is released. An old token is ignored.</summary>
    Task QuarantineAsync(InstanceLease lease, string reason, CancellationToken cancellationToken);
}

/// <summary>A running execution as it is stored.</summary>
/// <param name="NextTurn">The number of the next turn.</param>
/// <param name="History">Its lines, in order.</param>
/// <param name="Status">What people see.</param>
/// <param name="CustomStatus">JSON text.</param>
public sealed record StoredExecution(int NextTurn, IReadOnlyList<HistoryEvent> History, OrchestrationRuntimeStatus Status, string? CustomStatus);

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

/// <summary>A failed child to rewind.</summary>
/// <param name="InstanceId">The child.</param>
/// <param name="Message">What it is told.</param>
/// <param name="IfRefused">What the parent is told if it cannot be rewound.</param>
public sealed record ChildRewind(string InstanceId, ExecutionRewoundEvent Message, OutboundMessage IfRefused);

/// <summary>An activity's answer.</summary>
/// <param name="Lease">The lease that it ran under.</param>
/// <param name="InstanceId">The caller.</param>
/// <param name="ExecutionId">The caller's execution.</param>
/// <param name="Event">Completed or failed.</param>
public sealed record ActivityResult(ActivityLease Lease, string InstanceId, string ExecutionId, HistoryEvent Event);
