using System.Text.Json.Serialization;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.History;

/// <summary>
/// One line of an execution's history, and also the message that brings it. The types and fields are a superset of
/// Durable Task's wire messages; <c>input</c> and <c>result</c> are JSON text.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "eventType")]
[JsonDerivedType(typeof(OrchestratorStartedEvent), "OrchestratorStarted")]
[JsonDerivedType(typeof(OrchestratorCompletedEvent), "OrchestratorCompleted")]
[JsonDerivedType(typeof(ExecutionStartedEvent), "ExecutionStarted")]
[JsonDerivedType(typeof(ExecutionCompletedEvent), "ExecutionCompleted")]
[JsonDerivedType(typeof(ExecutionTerminatedEvent), "ExecutionTerminated")]
[JsonDerivedType(typeof(ExecutionSuspendedEvent), "ExecutionSuspended")]
[JsonDerivedType(typeof(ExecutionResumedEvent), "ExecutionResumed")]
[JsonDerivedType(typeof(ExecutionRewoundEvent), "ExecutionRewound")]
[JsonDerivedType(typeof(ContinueAsNewEvent), "ContinueAsNew")]
[JsonDerivedType(typeof(TaskScheduledEvent), "TaskScheduled")]
[JsonDerivedType(typeof(TaskCompletedEvent), "TaskCompleted")]
[JsonDerivedType(typeof(TaskFailedEvent), "TaskFailed")]
[JsonDerivedType(typeof(SubOrchestrationInstanceCreatedEvent), "SubOrchestrationInstanceCreated")]
[JsonDerivedType(typeof(SubOrchestrationInstanceCompletedEvent), "SubOrchestrationInstanceCompleted")]
[JsonDerivedType(typeof(SubOrchestrationInstanceFailedEvent), "SubOrchestrationInstanceFailed")]
[JsonDerivedType(typeof(TimerCreatedEvent), "TimerCreated")]
[JsonDerivedType(typeof(TimerFiredEvent), "TimerFired")]
[JsonDerivedType(typeof(EventSentEvent), "EventSent")]
[JsonDerivedType(typeof(EventRaisedEvent), "EventRaised")]
public abstract record HistoryEvent
{
    /// <summary>The id of the action; -1 for what comes from outside.</summary>
    [JsonPropertyOrder(-2)]
    public int EventId { get; init; } = -1;

    /// <summary>When it happened, UTC.</summary>
    [JsonPropertyOrder(-1)]
    public DateTime Timestamp { get; init; }

    /// <summary>Where the hub keeps the line's input or result, if that is large; null outside of the hub.</summary>
    public string? Payload { get; init; }
}

/// <summary>A turn begins; its timestamp is the orchestrator's clock.</summary>
public sealed record OrchestratorStartedEvent : HistoryEvent;

/// <summary>A turn ends.</summary>
public sealed record OrchestratorCompletedEvent : HistoryEvent;

/// <summary>Who waits for a sub-orchestration.</summary>
public sealed record ParentInstance(string Name, string InstanceId, string ExecutionId, int TaskScheduledId, string Version = "");

/// <summary>An execution begins.</summary>
public sealed record ExecutionStartedEvent : HistoryEvent
{
    public required string Name { get; init; }
    public string Version { get; init; } = string.Empty;
    public string? Input { get; init; }
    public required string InstanceId { get; init; }
    public required string ExecutionId { get; init; }
    public ParentInstance? Parent { get; init; }
    public IReadOnlyDictionary<string, string>? Tags { get; init; }

    /// <summary>Not before this time, UTC.</summary>
    public DateTime? ScheduledStartAt { get; init; }

    /// <summary>W3C trace context of the caller.</summary>
    public string? TraceParent { get; init; }
}

/// <summary>An execution ends.</summary>
public sealed record ExecutionCompletedEvent : HistoryEvent
{
    public required OrchestrationRuntimeStatus OrchestrationStatus { get; init; }
    public string? Result { get; init; }
    public TaskFailureDetails? FailureDetails { get; init; }
}

/// <summary>Someone ends the execution.</summary>
public sealed record ExecutionTerminatedEvent : HistoryEvent
{
    /// <summary>The reason, raw text.</summary>
    public string? Input { get; init; }

    /// <summary>True: open sub-orchestrations are terminated too.</summary>
    public bool Recurse { get; init; }
}

/// <summary>Someone suspends the execution.</summary>
public sealed record ExecutionSuspendedEvent : HistoryEvent
{
    public string? Reason { get; init; }
}

/// <summary>Someone resumes the execution.</summary>
public sealed record ExecutionResumedEvent : HistoryEvent
{
    public string? Reason { get; init; }
}

/// <summary>A failed execution is put back to before its failures.</summary>
public sealed record ExecutionRewoundEvent : HistoryEvent
{
    public string? Reason { get; init; }

    /// <summary>The parent's new execution, for a sub-orchestration that is rewound with it.</summary>
    public string? ParentExecutionId { get; init; }
}

/// <summary>The last line of an execution that continues as a new one.</summary>
public sealed record ContinueAsNewEvent : HistoryEvent
{
    public string? Result { get; init; }
}

/// <summary>An activity is called.</summary>
public sealed record TaskScheduledEvent : HistoryEvent
{
    public required string Name { get; init; }
    public string Version { get; init; } = string.Empty;
    public string? Input { get; init; }
    public IReadOnlyDictionary<string, string>? Tags { get; init; }

    /// <summary>The attempt by retry policy, from 1.</summary>
    public int Attempt { get; init; } = 1;

    /// <summary>The id of the first attempt, for a retry.</summary>
    public int? FirstAttemptId { get; init; }
}

/// <summary>An activity answered.</summary>
public sealed record TaskCompletedEvent : HistoryEvent
{
    public required int TaskScheduledId { get; init; }
    public string? Result { get; init; }

    /// <summary>When the attempt that answered began, UTC.</summary>
    public DateTime? StartedAt { get; init; }
}

/// <summary>An activity failed.</summary>
public sealed record TaskFailedEvent : HistoryEvent
{
    public required int TaskScheduledId { get; init; }
    public string? Reason { get; init; }
    public TaskFailureDetails? FailureDetails { get; init; }

    /// <summary>When the attempt that failed began, UTC.</summary>
    public DateTime? StartedAt { get; init; }
}

/// <summary>A sub-orchestration is called.</summary>
public sealed record SubOrchestrationInstanceCreatedEvent : HistoryEvent
{
    public required string Name { get; init; }
    public string Version { get; init; } = string.Empty;
    public required string InstanceId { get; init; }
    public string? Input { get; init; }
    public IReadOnlyDictionary<string, string>? Tags { get; init; }
}

/// <summary>A sub-orchestration answered.</summary>
public sealed record SubOrchestrationInstanceCompletedEvent : HistoryEvent
{
    public required int TaskScheduledId { get; init; }
    public string? Result { get; init; }
}

/// <summary>A sub-orchestration failed or was terminated.</summary>
public sealed record SubOrchestrationInstanceFailedEvent : HistoryEvent
{
    public required int TaskScheduledId { get; init; }
    public string? Reason { get; init; }
    public TaskFailureDetails? FailureDetails { get; init; }
}

/// <summary>A timer is set.</summary>
public sealed record TimerCreatedEvent : HistoryEvent
{
    /// <summary>UTC.</summary>
    public required DateTime FireAt { get; init; }

    /// <summary>The id of the first attempt at the call whose next attempt it waits for; null for any other timer, and where that was not written down.</summary>
    public int? RetryOf { get; init; }
}

/// <summary>A timer fires.</summary>
public sealed record TimerFiredEvent : HistoryEvent
{
    public required int TimerId { get; init; }

    /// <summary>UTC.</summary>
    public required DateTime FireAt { get; init; }

    /// <summary>True: the attempt that it waited for is not made, and the call fails with its last error.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool GivesUp { get; init; }
}

/// <summary>An event is sent to another instance.</summary>
public sealed record EventSentEvent : HistoryEvent
{
    public required string InstanceId { get; init; }
    public required string Name { get; init; }
    public string? Input { get; init; }
}

/// <summary>An event arrives.</summary>
public sealed record EventRaisedEvent : HistoryEvent
{
    public required string Name { get; init; }
    public string? Input { get; init; }
}
