using Bibind.Durable.History;
using Bibind.Durable.Serialization;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace Bibind.Durable.Execution;

/// <summary>What one turn of an execution decided.</summary>
/// <param name="Actions">New actions, in the order of their ids; nothing while suspended.</param>
/// <param name="Completion">The end of the execution, if it came.</param>
/// <param name="CustomStatus">The custom status after the turn, JSON text.</param>
/// <param name="IsSuspended">True if the execution is suspended after the turn.</param>
internal sealed record TurnDecision(
    IReadOnlyList<OrchestratorAction> Actions, CompleteOrchestrationAction? Completion, string? CustomStatus, bool IsSuspended);

/// <summary>
/// The executor: past events, new events and the orchestrator's code in; actions and status out. It knows no storage,
/// no clock and no thread of its own. A live execution may be kept between turns; replaying the history into a fresh
/// one gives the same state.
/// </summary>
internal sealed class OrchestrationExecution
{
    private readonly ITaskOrchestrator _orchestrator;
    private readonly HubDataConverter _converter;
    private readonly OrchestrationContext _context;
    private readonly Queue<HistoryEvent> _whileSuspended = new();
    private Task<object?>? _code;
    private ExecutionSuspendedEvent? _suspendedBy;
    private CompleteOrchestrationAction? _completion;

    private OrchestrationExecution(ITaskOrchestrator orchestrator, HubDataConverter converter, ILoggerFactory? loggers)
    {
        _orchestrator = orchestrator;
        _converter = converter;
        _context = new OrchestrationContext(converter, loggers);
    }

    /// <summary>Children that have not answered; what a recursive termination ends.</summary>
    public IEnumerable<string> OpenChildren => _context.OpenChildren;

    /// <summary>Builds the state that a history stands for.</summary>
    /// <exception cref="NonDeterministicOrchestrationException">The code does not decide what the history says.</exception>
    public static OrchestrationExecution Replay(ITaskOrchestrator orchestrator, IEnumerable<HistoryEvent> past, HubDataConverter converter, ILoggerFactory? loggers = null)
    {
        var execution = new OrchestrationExecution(orchestrator, converter, loggers);
        foreach (var line in past)
        {
            execution.Process(line, replaying: true);
        }

        return execution;
    }

    /// <summary>Checks that a replay of a whole history has come to the end that the history records.</summary>
    /// <exception cref="NonDeterministicOrchestrationException">The code decides more, or another end, or none.</exception>
    public void VerifyEnd(HistoryEvent recorded)
    {
        var (status, end) = recorded is ExecutionCompletedEvent completed
            ? (completed.OrchestrationStatus, $"the end of the orchestration as {completed.OrchestrationStatus}")
            : (CompleteOrchestrationAction.ContinuedAsNew, "the end of the orchestration as ContinuedAsNew");
        if (_context.Pending.Values.FirstOrDefault() is { } more)
        {
            throw new NonDeterministicOrchestrationException(recorded.EventId, end, more.Describe());
        }

        if (_completion?.Status != status)
        {
            throw new NonDeterministicOrchestrationException(
                recorded.EventId, end, _completion is null ? null : $"the end of the orchestration as {_completion.Status}");
        }
    }

    /// <summary>
    /// Runs one turn over new events, the first of which is <see cref="OrchestratorStartedEvent"/>. Non-determinism
    /// becomes a failed completion, and nothing that the new code decided is handed out.
    /// </summary>
    public TurnDecision RunTurn(IEnumerable<HistoryEvent> newEvents)
    {
        try
        {
            foreach (var line in newEvents)
            {
                Process(line, replaying: false);
            }

            FailIfItAwaitsWhatIsNotDurable();
        }
        catch (NonDeterministicOrchestrationException violation)
        {
            return Failed(violation);
        }

        return TakeDecision();
    }

    private TurnDecision Failed(NonDeterministicOrchestrationException violation)
    {
        _context.Pending.Clear();
        _completion = Failure(_context.TakeId(), violation);
        return new TurnDecision([], _completion, _context.CustomStatus, IsSuspended: false);
    }

    private TurnDecision TakeDecision()
    {
        if (_suspendedBy is not null && _completion is null)
        {
            return new TurnDecision([], null, _context.CustomStatus, IsSuspended: true);
        }

        var actions = _context.Pending.Values.ToArray();
        _context.Pending.Clear();
        if (_completion is { Status: CompleteOrchestrationAction.ContinuedAsNew } next)
        {
            // What came after the orchestrator returned, in this very batch, is buffered too: each goes on exactly once.
            _completion = next with
            {
                CarriedOver = _context.ContinuedAsNew is { PreserveEvents: true }
                    ? [.. _context.Events.Buffered, .. _whileSuspended.OfType<EventRaisedEvent>()]
                    : [],
                SuspendedBy = _suspendedBy,
            };
        }

        return new TurnDecision(actions, _completion, _context.CustomStatus, IsSuspended: false);
    }

    private void Process(HistoryEvent line, bool replaying)
    {
        if (line is OrchestratorStartedEvent)
        {
            _context.Clock = line.Timestamp;
            return;
        }

        if (_suspendedBy is not null && line is not (ExecutionSuspendedEvent or ExecutionResumedEvent or ExecutionTerminatedEvent or OrchestratorCompletedEvent))
        {
            _whileSuspended.Enqueue(line);
            return;
        }

        switch (line)
        {
            case ExecutionStartedEvent started when _code is null:
                _context.Begin(started);
                RunCode(replaying, () => _code = Start(started));
                break;
            case TaskScheduledEvent scheduled:
                Confirm<ScheduleTaskAction>(line.EventId, $"an activity task named '{scheduled.Name}'", a => SameName(a.Name, scheduled.Name));
                break;
            case TimerCreatedEvent:
                Confirm<CreateTimerAction>(line.EventId, "a timer", _ => true);
                break;
            case SubOrchestrationInstanceCreatedEvent created:
                Confirm<CreateSubOrchestrationAction>(line.EventId, $"a sub-orchestration named '{created.Name}'", a => SameName(a.Name, created.Name));
                // A rewound execution has another id than the one that its children's ids came from.
                _context.NameChild(line.EventId, created.InstanceId);
                break;
            case EventSentEvent sent:
                Confirm<SendEventAction>(line.EventId, $"an event named '{sent.Name}'", a => SameName(a.Name, sent.Name));
                break;
            case TaskCompletedEvent completed:
                RunCode(replaying, () => _context.Answer(completed.TaskScheduledId, completed.Result));
                break;
            case TaskFailedEvent failed:
                RunCode(replaying, () => _context.Fail(failed.TaskScheduledId, failed.FailureDetails ?? Unknown(failed.Reason)));
                break;
            case SubOrchestrationInstanceCompletedEvent completed:
                RunCode(replaying, () => _context.Answer(completed.TaskScheduledId, completed.Result));
                break;
            case SubOrchestrationInstanceFailedEvent failed:
                RunCode(replaying, () => _context.Fail(failed.TaskScheduledId, failed.FailureDetails ?? Unknown(failed.Reason)));
                break;
            case TimerFiredEvent fired:
                RunCode(replaying, () => _context.Fire(fired.TimerId, fired.GivesUp));
                break;
            case EventRaisedEvent raised:
                RunCode(replaying, () => _context.Events.Raise(raised));
                break;
            case ExecutionSuspendedEvent suspended:
                // Suspensions are not counted: one resume ends them all.
                _suspendedBy ??= suspended;
                break;
            case ExecutionResumedEvent:
                Resume(replaying);
                break;
            case ExecutionTerminatedEvent terminated:
                // Whatever else the batch brought, the termination wins.
                _completion = new CompleteOrchestrationAction(_completion?.Id ?? _context.TakeId(), OrchestrationRuntimeStatus.Terminated, terminated.Input);
                break;
        }
    }

    private void Resume(bool replaying)
    {
        _suspendedBy = null;
        while (_suspendedBy is null && _whileSuspended.TryDequeue(out var waiting))
        {
            Process(waiting, replaying);
        }
    }

    private async Task<object?> Start(ExecutionStartedEvent started)
    {
        var input = _converter.Deserialize(started.Input, _orchestrator.InputType);
        return await _orchestrator.RunAsync(_context, input);
    }

    private void RunCode(bool replaying, Action code)
    {
        _context.Execute(replaying, code);
        CompleteIfDone();
    }

    private void CompleteIfDone()
    {
        // An orchestrator that has returned completes only when nothing that it started is open.
        if (_code is not { IsCompleted: true } || _context.HasOpenTasks || _completion is not null)
        {
            return;
        }

        var id = _context.TakeId();
        if (!_code.IsCompletedSuccessfully)
        {
            _completion = Failure(id, _code.Exception?.InnerException ?? new OperationCanceledException("The orchestrator was cancelled."));
        }
        else if (_context.ContinuedAsNew is { } next)
        {
            _completion = new CompleteOrchestrationAction(id, CompleteOrchestrationAction.ContinuedAsNew, next.Input)
            {
                NewVersion = next.Version,
            };
        }
        else
        {
            _completion = new CompleteOrchestrationAction(id, OrchestrationRuntimeStatus.Completed, _converter.Serialize(_code.Result));
        }
    }

    private void FailIfItAwaitsWhatIsNotDurable()
    {
        if (_code is { IsCompleted: false } && _completion is null && _suspendedBy is null && !_context.HasOpenTasks && !_context.Events.HasWaiters)
        {
            _context.Pending.Clear();
            _completion = Failure(_context.TakeId(), new InvalidOperationException(
                "The orchestrator waits for something that its context did not make, so nothing can ever wake it: "
                + "only activities, timers, events and sub-orchestrations may be awaited."));
        }
    }

    private void Confirm<TAction>(int id, string recorded, Func<TAction, bool> matches)
        where TAction : OrchestratorAction
    {
        if (!_context.Pending.TryGetValue(id, out var action))
        {
            throw new NonDeterministicOrchestrationException(id, recorded, null);
        }

        if (action is not TAction same || !matches(same))
        {
            throw new NonDeterministicOrchestrationException(id, recorded, action.Describe());
        }

        _context.Pending.Remove(id);
    }

    private static bool SameName(string left, string right) => string.Equals(left, right, StringComparison.OrdinalIgnoreCase);

    private static TaskFailureDetails Unknown(string? reason) => TaskFailureDetails.Create("System.Exception", reason ?? "The task failed without saying why.");

    /// <summary>The end of an execution by an exception; the result is the failed task's own message, where there is one.</summary>
    public static CompleteOrchestrationAction Failure(int id, Exception exception) =>
        new(id, OrchestrationRuntimeStatus.Failed, exception is TaskFailedException task ? Message(task.FailureDetails) : exception.Message)
        {
            FailureDetails = TaskFailureDetails.Describe(exception),
        };

    // A child that failed of a task of its own says so in a wrapper around that task's message: one for each level.
    private static string Message(TaskFailureDetails failure)
    {
        while (failure.ErrorType == typeof(TaskFailedException).FullName && failure.InnerFailure is { } inner)
        {
            failure = inner;
        }

        return failure.ErrorMessage;
    }
}
