using DurableTask.Core;
using Microsoft.DurableTask;
using Core = DurableTask.Core.History;

namespace Bibind.Durable.History;

/// <summary>A stored history in the types of Durable Task's core, which every backend's client answers with.</summary>
internal static class CoreHistory
{
    public static List<Core.HistoryEvent> From(IReadOnlyList<HistoryEvent> lines) => [.. lines.Select(From)];

    public static FailureDetails? From(TaskFailureDetails? failure) => failure is null ? null : new FailureDetails(
        failure.ErrorType, failure.ErrorMessage, failure.StackTrace, From(failure.InnerFailure), failure.IsNonRetriable, failure.Properties);

    /// <summary>The exception of Durable Task's core that a policy's handler takes, with the details.</summary>
    public static Exception ExceptionOf(TaskFailureDetails failure) =>
        new global::DurableTask.Core.Exceptions.TaskFailedException(failure.ErrorMessage) { FailureDetails = From(failure) };

    private static Core.HistoryEvent From(HistoryEvent line)
    {
        var core = Translate(line);
        core.Timestamp = line.Timestamp;
        return core;
    }

    private static Core.HistoryEvent Translate(HistoryEvent line) => line switch
    {
        OrchestratorStartedEvent => new Core.OrchestratorStartedEvent(line.EventId),
        OrchestratorCompletedEvent => new Core.OrchestratorCompletedEvent(line.EventId),
        ExecutionStartedEvent e => new Core.ExecutionStartedEvent(e.EventId, e.Input)
        {
            Name = e.Name,
            Version = e.Version,
            OrchestrationInstance = new OrchestrationInstance { InstanceId = e.InstanceId, ExecutionId = e.ExecutionId },
            ParentInstance = e.Parent is { } parent
                ? new global::DurableTask.Core.ParentInstance
                {
                    Name = parent.Name,
                    Version = parent.Version,
                    TaskScheduleId = parent.TaskScheduledId,
                    OrchestrationInstance = new OrchestrationInstance { InstanceId = parent.InstanceId, ExecutionId = parent.ExecutionId },
                }
                : null,
            Tags = Copy(e.Tags),
            ScheduledStartTime = e.ScheduledStartAt,
        },
        ExecutionCompletedEvent e => new Core.ExecutionCompletedEvent(
            e.EventId, e.Result, Enum.Parse<OrchestrationStatus>(e.OrchestrationStatus.ToString()), From(e.FailureDetails)),
        ExecutionTerminatedEvent e => new Core.ExecutionTerminatedEvent(e.EventId, e.Input),
        ExecutionSuspendedEvent e => new Core.ExecutionSuspendedEvent(e.EventId, e.Reason),
        ExecutionResumedEvent e => new Core.ExecutionResumedEvent(e.EventId, e.Reason),
        ExecutionRewoundEvent e => new Core.ExecutionRewoundEvent(e.EventId, e.Reason) { ParentExecutionId = e.ParentExecutionId },
        ContinueAsNewEvent e => new Core.ContinueAsNewEvent(e.EventId, e.Result),
        TaskScheduledEvent e => new Core.TaskScheduledEvent(e.EventId, e.Name, e.Version, e.Input) { Tags = Copy(e.Tags) },
        TaskCompletedEvent e => new Core.TaskCompletedEvent(e.EventId, e.TaskScheduledId, e.Result),
        TaskFailedEvent e => new Core.TaskFailedEvent(e.EventId, e.TaskScheduledId, e.Reason, null, From(e.FailureDetails)),
        SubOrchestrationInstanceCreatedEvent e => new Core.SubOrchestrationInstanceCreatedEvent(e.EventId)
        {
            Name = e.Name,
            Version = e.Version,
            InstanceId = e.InstanceId,
            Input = e.Input,
            Tags = Copy(e.Tags),
        },
        SubOrchestrationInstanceCompletedEvent e => new Core.SubOrchestrationInstanceCompletedEvent(e.EventId, e.TaskScheduledId, e.Result),
        SubOrchestrationInstanceFailedEvent e => new Core.SubOrchestrationInstanceFailedEvent(
            e.EventId, e.TaskScheduledId, e.Reason, null, From(e.FailureDetails)),
        TimerCreatedEvent e => new Core.TimerCreatedEvent(e.EventId, e.FireAt),
        TimerFiredEvent e => new Core.TimerFiredEvent(e.EventId, e.FireAt) { TimerId = e.TimerId },
        EventSentEvent e => new Core.EventSentEvent(e.EventId) { InstanceId = e.InstanceId, Name = e.Name, Input = e.Input },
        EventRaisedEvent e => new Core.EventRaisedEvent(e.EventId, e.Input) { Name = e.Name },
        _ => throw new NotSupportedException($"A line of the kind {line.GetType().Name} has no counterpart."),
    };

    private static Dictionary<string, string>? Copy(IReadOnlyDictionary<string, string>? tags) => tags is null ? null : new Dictionary<string, string>(tags);
}
