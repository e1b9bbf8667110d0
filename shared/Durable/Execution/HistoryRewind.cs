using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Microsoft.DurableTask;

namespace Bibind.Durable.Execution;

/// <summary>A history put back to before its failures, and what must be told to whom with it.</summary>
/// <param name="Lines">The rewritten past, with a new execution id.</param>
/// <param name="Timers">Timers that have not fired; the end of the execution had dropped their messages.</param>
/// <param name="Children">Failed children that are rewound too.</param>
internal sealed record RewoundExecution(
    IReadOnlyList<HistoryEvent> Lines, IReadOnlyList<OutboundMessage> Timers, IReadOnlyList<ChildRewind> Children);

/// <summary>
/// Rewinds a failed execution: failures and the calls that failed are taken out, so that the calls are made again.
/// A failure that the code had answered with further actions is kept, because without it these actions would have no
/// reason; whether that is so, a replay tells. A suspension that was in force at the end is taken out, too: what is rewound
/// runs. An attempt that somebody had given up is made.
/// </summary>
internal static class HistoryRewind
{
    public static RewoundExecution Apply(
        IReadOnlyList<HistoryEvent> past, ExecutionRewoundEvent rewound, string newExecutionId, Func<IReadOnlyList<HistoryEvent>, bool> replays)
    {
        // Ids of calls and of timers, which never meet.
        var removed = new HashSet<int>();
        var failures = past.Select(line => FailedTask(line) ?? GivenUpTimer(line)).Where(id => id.HasValue).Select(id => id!.Value).Distinct().Reverse().ToArray();
        foreach (var failure in failures)
        {
            removed.Add(failure);
            if (!replays(Rewrite(past, removed, rewound, newExecutionId)))
            {
                removed.Remove(failure);
            }
        }

        var lines = Rewrite(past, removed, rewound, newExecutionId);
        var started = lines.OfType<ExecutionStartedEvent>().First();
        var fired = lines.OfType<TimerFiredEvent>().Select(t => t.TimerId).ToHashSet();
        return new RewoundExecution(
            lines,
            [.. lines.OfType<TimerCreatedEvent>().Where(t => !fired.Contains(t.EventId)).Select(Timer)],
            [.. lines.OfType<SubOrchestrationInstanceCreatedEvent>().Where(c => removed.Contains(c.EventId)).Select(c => Child(c, started, rewound))]);

        OutboundMessage Timer(TimerCreatedEvent timer)
        {
            // An attempt that was given up is not waited for once more.
            var due = removed.Contains(timer.EventId) && timer.FireAt > rewound.Timestamp ? rewound.Timestamp : timer.FireAt;
            return new OutboundMessage(started.InstanceId, newExecutionId, new TimerFiredEvent { TimerId = timer.EventId, FireAt = due, Timestamp = due }, due);
        }
    }

    private static int? FailedTask(HistoryEvent line) => line switch
    {
        TaskFailedEvent failed => failed.TaskScheduledId,
        SubOrchestrationInstanceFailedEvent failed => failed.TaskScheduledId,
        _ => null,
    };

    private static int? GivenUpTimer(HistoryEvent line) => line is TimerFiredEvent { GivesUp: true } fired ? fired.TimerId : null;

    private static List<HistoryEvent> Rewrite(
        IReadOnlyList<HistoryEvent> past, HashSet<int> removed, ExecutionRewoundEvent rewound, string newExecutionId)
    {
        var lines = new List<HistoryEvent>(past.Count);
        var resumed = past.LastOrDefault(line => line is ExecutionResumedEvent);
        var isResumed = resumed is null;
        foreach (var line in past)
        {
            isResumed |= ReferenceEquals(line, resumed);
            switch (line)
            {
                case ExecutionCompletedEvent:
                case ExecutionSuspendedEvent when isResumed:
                case TaskScheduledEvent scheduled when removed.Contains(scheduled.EventId):
                case TimerFiredEvent fired when removed.Contains(fired.TimerId):
                case TaskFailedEvent or SubOrchestrationInstanceFailedEvent when removed.Contains(FailedTask(line)!.Value):
                    break;
                case ExecutionStartedEvent started:
                    lines.Add(started with
                    {
                        ExecutionId = newExecutionId,
                        Parent = started.Parent is { } parent ? parent with { ExecutionId = rewound.ParentExecutionId ?? parent.ExecutionId } : null,
                    });
                    break;
                default:
                    lines.Add(line);
                    break;
            }
        }

        return lines;
    }

    private static ChildRewind Child(SubOrchestrationInstanceCreatedEvent child, ExecutionStartedEvent parent, ExecutionRewoundEvent rewound)
    {
        var reason = $"The sub-orchestration '{child.InstanceId}' cannot be rewound: it has not failed, or is not ours.";
        return new ChildRewind(
            child.InstanceId,
            rewound with { ParentExecutionId = parent.ExecutionId },
            new OutboundMessage(parent.InstanceId, parent.ExecutionId, new SubOrchestrationInstanceFailedEvent
            {
                Timestamp = rewound.Timestamp,
                TaskScheduledId = child.EventId,
                Reason = reason,
                FailureDetails = TaskFailureDetails.Create(typeof(InvalidOperationException).FullName!, reason),
            }));
    }
}
