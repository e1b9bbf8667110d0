using DurableTask.Core;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Core = DurableTask.Core.History;

namespace Bibind.Durable.History;

/// <summary>
/// A history that another backend's client answered with, in our types. Such a history does not number attempts: a call of the name and
/// input of one that failed before it is that one's next attempt, and a timer that is set in the turn that takes in a failure is the wait for it.
/// </summary>
internal static class FrameworkHistory
{
    public static IReadOnlyList<HistoryEvent> Read(IEnumerable<Core.HistoryEvent> lines)
    {
        var attempts = new Attempts();
        return [.. lines.Select(line => Translate(line, attempts) is { } read ? read with { Timestamp = line.Timestamp } : null).OfType<HistoryEvent>()];
    }

    private static TaskFailureDetails? From(FailureDetails? failure) => failure is null ? null : TaskFailureDetails.Create(
        failure.ErrorType,
        failure.ErrorMessage,
        failure.StackTrace,
        From(failure.InnerFailure),
        failure.IsNonRetriable || new TaskFailureDetails(failure.ErrorType, failure.ErrorMessage, null, null, failure.Properties).IsNonRetriable);

    /// <summary>Null for what says nothing about an orchestration: the state of a host, entities.</summary>
    private static HistoryEvent? Translate(Core.HistoryEvent line, Attempts attempts) => line switch
    {
        Core.OrchestratorStartedEvent => attempts.BeginTurn(new OrchestratorStartedEvent { EventId = line.EventId }),
        Core.OrchestratorCompletedEvent => new OrchestratorCompletedEvent { EventId = line.EventId },
        Core.ExecutionStartedEvent e => new ExecutionStartedEvent
        {
            EventId = e.EventId,
            Name = e.Name,
            Version = e.Version ?? string.Empty,
            Input = e.Input,
            InstanceId = e.OrchestrationInstance?.InstanceId ?? string.Empty,
            ExecutionId = e.OrchestrationInstance?.ExecutionId ?? string.Empty,
            Tags = e.Tags is { Count: > 0 } tags ? new Dictionary<string, string>(tags) : null,
            ScheduledStartAt = e.ScheduledStartTime,
        },
        Core.ExecutionTerminatedEvent e => new ExecutionTerminatedEvent { EventId = e.EventId, Input = e.Input },
        // Continue-as-new derives from completion, and comes before it here.
        Core.ContinueAsNewEvent e => new ContinueAsNewEvent { EventId = e.EventId, Result = e.Result },
        Core.ExecutionCompletedEvent e => new ExecutionCompletedEvent
        {
            EventId = e.EventId,
            OrchestrationStatus = Enum.Parse<OrchestrationRuntimeStatus>(e.OrchestrationStatus.ToString()),
            Result = e.Result,
            FailureDetails = From(e.FailureDetails),
        },
        Core.ExecutionSuspendedEvent e => new ExecutionSuspendedEvent { EventId = e.EventId, Reason = e.Reason },
        Core.ExecutionResumedEvent e => new ExecutionResumedEvent { EventId = e.EventId, Reason = e.Reason },
        Core.ExecutionRewoundEvent e => new ExecutionRewoundEvent { EventId = e.EventId, Reason = e.Reason, ParentExecutionId = e.ParentExecutionId },
        Core.TaskScheduledEvent e => attempts.Number(new TaskScheduledEvent
        {
            EventId = e.EventId,
            Name = e.Name ?? string.Empty,
            Version = e.Version ?? string.Empty,
            Input = e.Input,
        }),
        Core.TaskCompletedEvent e => new TaskCompletedEvent { EventId = e.EventId, TaskScheduledId = e.TaskScheduledId, Result = e.Result },
        Core.TaskFailedEvent e => attempts.Fail(new TaskFailedEvent
        {
            EventId = e.EventId,
            TaskScheduledId = e.TaskScheduledId,
            Reason = e.Reason ?? e.FailureDetails?.ErrorMessage,
            FailureDetails = From(e.FailureDetails),
        }),
        Core.SubOrchestrationInstanceCreatedEvent e => new SubOrchestrationInstanceCreatedEvent
        {
            EventId = e.EventId,
            Name = e.Name,
            Version = e.Version ?? string.Empty,
            InstanceId = e.InstanceId,
            Input = e.Input,
        },
        Core.SubOrchestrationInstanceCompletedEvent e => new SubOrchestrationInstanceCompletedEvent
        {
            EventId = e.EventId,
            TaskScheduledId = e.TaskScheduledId,
            Result = e.Result,
        },
        Core.SubOrchestrationInstanceFailedEvent e => new SubOrchestrationInstanceFailedEvent
        {
            EventId = e.EventId,
            TaskScheduledId = e.TaskScheduledId,
            Reason = e.Reason ?? e.FailureDetails?.ErrorMessage,
            FailureDetails = From(e.FailureDetails),
        },
        Core.TimerCreatedEvent e => attempts.Wait(new TimerCreatedEvent { EventId = e.EventId, FireAt = e.FireAt }),
        Core.TimerFiredEvent e => new TimerFiredEvent { EventId = e.EventId, TimerId = e.TimerId, FireAt = e.FireAt },
        Core.EventSentEvent e => new EventSentEvent { EventId = e.EventId, InstanceId = e.InstanceId, Name = e.Name, Input = e.Input },
        Core.EventRaisedEvent e => new EventRaisedEvent { EventId = e.EventId, Name = e.Name, Input = e.Input },
        _ => null,
    };

    private sealed class Attempts
    {
        private readonly Dictionary<int, TaskScheduledEvent> _calls = [];
        private readonly List<TaskScheduledEvent> _failed = [];
        private readonly Queue<int> _failedInTurn = new();

        public OrchestratorStartedEvent BeginTurn(OrchestratorStartedEvent started)
        {
            _failedInTurn.Clear();
            return started;
        }

        public TimerCreatedEvent Wait(TimerCreatedEvent timer) => _failedInTurn.TryDequeue(out var first) ? timer with { RetryOf = first } : timer;

        public TaskFailedEvent Fail(TaskFailedEvent failed)
        {
            if (failed.FailureDetails is not { IsNonRetriable: true } && _calls.Remove(failed.TaskScheduledId, out var call))
            {
                _failed.Add(call);
                _failedInTurn.Enqueue(call.FirstAttemptId ?? call.EventId);
            }

            return failed;
        }

        public TaskScheduledEvent Number(TaskScheduledEvent call)
        {
            if (_failed.FindIndex(f => f.Name == call.Name && f.Input == call.Input) is >= 0 and var index)
            {
                var before = _failed[index];
                _failed.RemoveAt(index);
                call = call with { Attempt = before.Attempt + 1, FirstAttemptId = before.FirstAttemptId ?? before.EventId };
            }

            return _calls[call.EventId] = call;
        }
    }
}
