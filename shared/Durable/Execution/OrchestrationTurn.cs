using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Bibind.Durable.Serialization;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace Bibind.Durable.Execution;

/// <summary>Turns messages into one commit: runs the executor and assembles history, work and messages.</summary>
internal sealed class OrchestrationTurn(
    InstanceState state, Func<ExecutionStartedEvent, ITaskOrchestrator> create, HubDataConverter converter, string defaultVersion, Func<string> newExecutionId, DateTime now,
    ILoggerFactory? loggers)
{
    /// <summary>An orchestrator that continues as new this often without waiting for anything is stuck.</summary>
    private const int MaximumGenerationsPerTurn = 100;

    private readonly List<HistoryEvent> _history = [];
    private readonly List<IReadOnlyList<HistoryEvent>> _endedGenerations = [];
    private readonly List<NewActivity> _activities = [];
    private readonly List<OutboundMessage> _messages = [];
    private readonly List<NewInstance> _children = [];
    private InstanceUpdate? _update;

    /// <summary>Runs the turn; the state moves on, so a turn that fails to commit needs a state loaded afresh.</summary>
    /// <param name="lease">The lease to commit under.</param>
    /// <param name="inputs">What the turn consumes, oldest first.</param>
    /// <param name="place">Decides who runs an activity: this worker at once, or whoever has room.</param>
    public TurnCommit Run(InstanceLease lease, IReadOnlyList<TurnInput> inputs, Func<TaskScheduledEvent, NewActivity> place)
    {
        var recursiveTermination = false;
        var begun = state.Started is not null;
        var accepted = new List<HistoryEvent>(inputs.Count + 1) { new OrchestratorStartedEvent { Timestamp = now } };
        foreach (var input in inputs)
        {
            if (Accepts(input))
            {
                accepted.Add(input.Event);
                recursiveTermination |= input.Event is ExecutionTerminatedEvent { Recurse: true };
            }
        }

        if (!begun && state.Started is { ScheduledStartAt: not null })
        {
            accepted = PutBeforeStart(accepted);
        }

        var turn = state.NextTurn;
        var rewound = state.Rewound;
        state.LastTurnAt = now;
        _history.AddRange(rewound?.Lines ?? []);
        _history.AddRange(accepted);
        if (state.Started is not null)
        {
            var decision = Decide(accepted);
            Apply(decision, place);
            if (recursiveTermination && state.Live is { } live && decision.Completion is { Status: OrchestrationRuntimeStatus.Terminated } completion)
            {
                // Those that this very turn calls are among them: they are made before messages are sent.
                _messages.AddRange(live.OpenChildren.Select(child => new OutboundMessage(
                    child, null, new ExecutionTerminatedEvent { Timestamp = now, Input = completion.Result, Recurse = true })));
            }
        }

        // A new generation that decided nothing is closed already.
        if (_history[^1] is not OrchestratorCompletedEvent)
        {
            _history.Add(new OrchestratorCompletedEvent { Timestamp = now });
        }

        var replaces = _endedGenerations.Count > 0 || rewound is not null;
        state.Rewound = null;
        state.NextTurn = replaces ? 1 : turn + 1;
        return new TurnCommit
        {
            Lease = lease,
            ExecutionId = state.Started?.ExecutionId ?? string.Empty,
            Turn = replaces ? 0 : turn,
            NewHistory = _history,
            ReplacesHistory = replaces,
            EndedGenerations = _endedGenerations,
            ConsumedMessages = [.. inputs.Where(i => i.MessageId.HasValue).Select(i => i.MessageId!.Value)],
            ConsumedActivities = [.. inputs.Where(i => i.Activity.HasValue).Select(i => i.Activity!.Value)],
            Activities = _activities,
            FreesPool = inputs.Any(i => i.FreesPool),
            Messages = [.. rewound?.Timers ?? [], .. _messages],
            Children = _children,
            Rewinds = rewound?.Children ?? [],
            Update = _update,
        };
    }

    // A second start and answers for a former execution are swallowed; the turn still leaves its empty pair of lines.
    private bool Accepts(TurnInput input)
    {
        if (input.Event is ExecutionStartedEvent started)
        {
            if (state.Started is not null)
            {
                return false;
            }

            state.Started = started;
            return true;
        }

        return state.Started is not null && (input.ExecutionId is null || input.ExecutionId == state.Started.ExecutionId);
    }

    // What a start that waited for its time finds in the inbox came before it: whoever was suspended starts suspended, and
    // whoever was terminated never starts.
    private List<HistoryEvent> PutBeforeStart(List<HistoryEvent> accepted)
    {
        if (accepted.OfType<ExecutionTerminatedEvent>().LastOrDefault() is { } terminated)
        {
            state.Verdict = new CompleteOrchestrationAction(0, OrchestrationRuntimeStatus.Terminated, terminated.Input);
        }

        return [.. accepted.OrderBy(line => line is not (OrchestratorStartedEvent or ExecutionSuspendedEvent or ExecutionResumedEvent))];
    }

    private TurnDecision Decide(List<HistoryEvent> accepted)
    {
        if (state.Verdict is { } verdict)
        {
            return new TurnDecision([], verdict, null, IsSuspended: false);
        }

        state.Live ??= OrchestrationExecution.Replay(create(state.Started!), [], converter, loggers);
        return state.Live.RunTurn(accepted);
    }

    private void Apply(TurnDecision decision, Func<TaskScheduledEvent, NewActivity> place)
    {
        for (var generation = 1; ; generation++)
        {
            foreach (var action in decision.Actions)
            {
                Apply(action, place);
            }

            var status = decision.IsSuspended ? OrchestrationRuntimeStatus.Suspended : OrchestrationRuntimeStatus.Running;
            if (decision.Completion is not { } completion)
            {
                Show(status, decision.CustomStatus);
                return;
            }

            if (completion.Status != CompleteOrchestrationAction.ContinuedAsNew)
            {
                Complete(completion, decision.CustomStatus);
                return;
            }

            if (generation >= MaximumGenerationsPerTurn)
            {
                Complete(
                    OrchestrationExecution.Failure(completion.Id, new InvalidOperationException(
                        $"The orchestrator continued as new {MaximumGenerationsPerTurn} times without waiting for anything.")),
                    decision.CustomStatus);
                return;
            }

            decision = ContinueAsNew(completion, decision.CustomStatus);
        }
    }

    private TurnDecision ContinueAsNew(CompleteOrchestrationAction completion, string? customStatus)
    {
        _history.Add(new ContinueAsNewEvent { EventId = completion.Id, Timestamp = now, Result = completion.Result });
        _endedGenerations.Add([.. _history]);
        _history.Clear();
        var next = state.Started! with
        {
            Timestamp = now,
            ExecutionId = newExecutionId(),
            Input = completion.Result,
            Version = completion.NewVersion ?? state.Started!.Version,
        };
        state.Started = next;
        state.CustomStatus = customStatus ?? state.CustomStatus;
        List<HistoryEvent> first = [new OrchestratorStartedEvent { Timestamp = now }, .. Suspension(completion), next, .. completion.CarriedOver];
        _history.AddRange(first);
        // Durable Task closes the carried events before the first actions of the new generation; so do we.
        _history.Add(new OrchestratorCompletedEvent { Timestamp = now });
        state.Live = OrchestrationExecution.Replay(create(next), [], converter, loggers);
        return state.Live.RunTurn(first);
    }

    // Before the start, so that nothing of the next generation's code runs until it is resumed.
    private static IEnumerable<HistoryEvent> Suspension(CompleteOrchestrationAction completion) =>
        completion.SuspendedBy is { } suspended ? [suspended] : [];

    private void Apply(OrchestratorAction action, Func<TaskScheduledEvent, NewActivity> place)
    {
        var started = state.Started!;
        switch (action)
        {
            case ScheduleTaskAction task:
                var scheduled = new TaskScheduledEvent
                {
                    EventId = task.Id,
                    Timestamp = now,
                    Name = task.Name,
                    Version = task.Version,
                    Input = task.Input,
                    Tags = task.Tags,
                    Attempt = task.Attempt,
                    FirstAttemptId = task.FirstAttemptId,
                };
                _history.Add(scheduled);
                _activities.Add(place(scheduled));
                break;
            case CreateTimerAction timer:
                _history.Add(new TimerCreatedEvent { EventId = timer.Id, Timestamp = now, FireAt = timer.FireAt, RetryOf = timer.RetryOf });
                _messages.Add(new OutboundMessage(
                    started.InstanceId, started.ExecutionId, new TimerFiredEvent { TimerId = timer.Id, FireAt = timer.FireAt, Timestamp = timer.FireAt }, timer.FireAt));
                break;
            case SendEventAction sent:
                _history.Add(new EventSentEvent { EventId = sent.Id, Timestamp = now, InstanceId = sent.InstanceId, Name = sent.Name, Input = sent.Input });
                _messages.Add(new OutboundMessage(sent.InstanceId, null, new EventRaisedEvent { Timestamp = now, Name = sent.Name, Input = sent.Input }));
                break;
            case CreateSubOrchestrationAction child:
                var version = child.Version ?? defaultVersion;
                _history.Add(new SubOrchestrationInstanceCreatedEvent
                {
                    EventId = child.Id,
                    Timestamp = now,
                    Name = child.Name,
                    Version = version,
                    InstanceId = child.InstanceId,
                    Input = child.Input,
                    Tags = child.Tags ?? started.Tags,
                });
                _children.Add(new NewInstance(
                    new ExecutionStartedEvent
                    {
                        Timestamp = now,
                        Name = child.Name,
                        Version = version,
                        Input = child.Input,
                        InstanceId = child.InstanceId,
                        ExecutionId = newExecutionId(),
                        Tags = child.Tags ?? started.Tags,
                        TraceParent = started.TraceParent,
                        Parent = new ParentInstance(started.Name, started.InstanceId, started.ExecutionId, child.Id, started.Version),
                    },
                    [OrchestrationRuntimeStatus.Completed, OrchestrationRuntimeStatus.Failed, OrchestrationRuntimeStatus.Terminated]));
                break;
        }
    }

    private void Complete(CompleteOrchestrationAction completion, string? customStatus)
    {
        var started = state.Started!;
        _history.Add(new ExecutionCompletedEvent
        {
            EventId = completion.Id,
            Timestamp = now,
            OrchestrationStatus = completion.Status,
            Result = completion.Result,
            FailureDetails = completion.FailureDetails,
        });
        state.HasEnded = true;
        Show(completion.Status, customStatus, completion.FailureDetails?.ToString() ?? completion.Result, completion.FailureDetails);
        if (started.Parent is not { } parent)
        {
            return;
        }

        HistoryEvent answer = completion.Status == OrchestrationRuntimeStatus.Completed
            ? new SubOrchestrationInstanceCompletedEvent { Timestamp = now, TaskScheduledId = parent.TaskScheduledId, Result = completion.Result }
            : new SubOrchestrationInstanceFailedEvent
            {
                Timestamp = now,
                TaskScheduledId = parent.TaskScheduledId,
                Reason = completion.Result ?? completion.FailureDetails?.ErrorMessage,
                FailureDetails = completion.FailureDetails
                    ?? TaskFailureDetails.Create("Bibind.Durable.OrchestrationTerminated", completion.Result ?? "The sub-orchestration was terminated."),
            };
        _messages.Add(new OutboundMessage(parent.InstanceId, parent.ExecutionId, answer));
    }

    private void Show(OrchestrationRuntimeStatus status, string? customStatus, string? output = null, TaskFailureDetails? failure = null)
    {
        var shown = customStatus ?? state.CustomStatus;
        if (status == state.Status && shown == state.CustomStatus && _endedGenerations.Count == 0 && state.Rewound is null)
        {
            return;
        }

        state.Status = status;
        state.CustomStatus = shown;
        var started = state.Started!;
        _update = new InstanceUpdate
        {
            ExecutionId = started.ExecutionId,
            Status = status,
            Version = started.Version,
            Input = started.Input,
            Output = output,
            CustomStatus = shown,
            FailureDetails = failure,
            At = now,
        };
    }
}
