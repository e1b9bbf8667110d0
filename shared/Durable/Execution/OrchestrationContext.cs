using Bibind.Durable.History;
using Bibind.Durable.Serialization;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bibind.Durable.Execution;

/// <summary>The context of a live execution: turns calls into actions and completions into results.</summary>
internal sealed class OrchestrationContext(HubDataConverter converter, ILoggerFactory? loggers = null) : TaskOrchestrationContext, IStartTags
{
    /// <summary>Longer timers are split, as Durable Task's backends do.</summary>
    internal static readonly TimeSpan MaximumTimerInterval = TimeSpan.FromDays(3);

    // How a timer answers whose attempt is not to be made.
    private const string GivenUp = "given up";

    private readonly SortedDictionary<int, OrchestratorAction> _pending = [];
    private readonly Dictionary<int, OpenTask> _open = [];
    private ExecutionStartedEvent? _started;
    private bool _replaying;
    private int _nextId;
    private int _nextGuid;
    private int _executingThread;

    public ExternalEvents Events { get; } = new();

    /// <summary>Decided by code and not yet in the history, by id.</summary>
    public SortedDictionary<int, OrchestratorAction> Pending => _pending;

    /// <summary>True while an activity, timer or sub-orchestration is awaited by the runtime.</summary>
    public bool HasOpenTasks => _open.Count > 0;

    /// <summary>Ids of sub-orchestrations that have not answered.</summary>
    public IEnumerable<string> OpenChildren => _open.Values.Where(t => t.ChildInstanceId is not null).Select(t => t.ChildInstanceId!);

    public string? CustomStatus { get; private set; }

    public (string? Input, bool PreserveEvents, string? Version)? ContinuedAsNew { get; private set; }

    public override TaskName Name => _started!.Name;

    public override string InstanceId => _started!.InstanceId;

    public override string Version => _started!.Version;

    public override ParentOrchestrationInstance? Parent =>
        _started!.Parent is { } parent ? new ParentOrchestrationInstance(parent.Name, parent.InstanceId) : null;

    public IReadOnlyDictionary<string, string> StartTags => _started!.Tags ?? System.Collections.Immutable.ImmutableDictionary<string, string>.Empty;

    public override IReadOnlyDictionary<string, object?> Properties => System.Collections.Immutable.ImmutableDictionary<string, object?>.Empty;

    protected override ILoggerFactory LoggerFactory => loggers ?? NullLoggerFactory.Instance;

    public override DateTime CurrentUtcDateTime => Clock;

    public override bool IsReplaying => _replaying;

    public DateTime Clock { get; set; }

    public override T GetInput<T>() => converter.Deserialize<T>(_started!.Input)!;

    public int TakeId() => _nextId++;

    public void Begin(ExecutionStartedEvent started) => _started = started;

    /// <summary>Runs a piece of the orchestrator's code on this thread; only meanwhile may it use the context.</summary>
    public void Execute(bool replaying, Action code)
    {
        _replaying = replaying;
        _executingThread = Environment.CurrentManagedThreadId;
        // Without a synchronization context, continuations run inline on this thread.
        var outer = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            code();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outer);
            _executingThread = 0;
        }
    }

    public override Task<TResult> CallActivityAsync<TResult>(TaskName name, object? input = null, TaskOptions? options = null)
    {
        EnsureOwnThread();
        ArgumentException.ThrowIfNullOrWhiteSpace(name.Name, nameof(name));
        var json = converter.Serialize(input);
        int? firstId = null;
        return Retries.RunAsync(this, options?.Retry, attempt =>
        {
            var id = TakeId();
            var action = new ScheduleTaskAction(id, name, options?.Version?.Version ?? string.Empty, json)
            {
                Tags = Copy(options?.Tags),
                Attempt = attempt,
                FirstAttemptId = firstId,
            };
            firstId ??= id;
            return OpenAsync<TResult>(action, name);
        }, delay => WaitUntilAsync(Clock + delay, firstId, CancellationToken.None));
    }

    public override Task<TResult> CallSubOrchestratorAsync<TResult>(TaskName orchestratorName, object? input = null, TaskOptions? options = null)
    {
        EnsureOwnThread();
        ArgumentException.ThrowIfNullOrWhiteSpace(orchestratorName.Name, nameof(orchestratorName));
        var json = converter.Serialize(input);
        var child = options as SubOrchestrationOptions;
        var childId = child?.InstanceId;
        var version = child?.Version ?? options?.Version;
        if (childId is not null)
        {
            InstanceIds.Validate(childId);
        }

        int? firstId = null;
        return Retries.RunAsync(this, options?.Retry, _ =>
        {
            var id = TakeId();
            firstId ??= id;
            childId ??= $"{_started!.ExecutionId}:{id}";
            var action = new CreateSubOrchestrationAction(id, orchestratorName, version?.Version, childId, json) { Tags = Copy(options?.Tags) };
            return OpenAsync<TResult>(action, orchestratorName, childId);
        }, delay => WaitUntilAsync(Clock + delay, firstId, CancellationToken.None));
    }

    public override Task CreateTimer(DateTime fireAt, CancellationToken cancellationToken) => WaitUntilAsync(fireAt, retryOf: null, cancellationToken);

    public override Task<T> WaitForExternalEvent<T>(string eventName, CancellationToken cancellationToken = default)
    {
        EnsureOwnThread();
        ArgumentException.ThrowIfNullOrWhiteSpace(eventName);
        return Events.WaitAsync(eventName, json => converter.Deserialize<T>(json)!, cancellationToken);
    }

    public override void SendEvent(string instanceId, string eventName, object? payload = null)
    {
        EnsureOwnThread();
        ArgumentException.ThrowIfNullOrWhiteSpace(instanceId);
        ArgumentException.ThrowIfNullOrWhiteSpace(eventName);
        var id = TakeId();
        _pending.Add(id, new SendEventAction(id, instanceId, eventName, converter.Serialize(payload)));
    }

    public override void SetCustomStatus(object? customStatus)
    {
        EnsureOwnThread();
        CustomStatus = converter.Serialize(customStatus) ?? "null";
    }

    public override void ContinueAsNew(object? newInput = null, bool preserveUnprocessedEvents = true)
    {
        EnsureOwnThread();
        ContinuedAsNew = (converter.Serialize(newInput), preserveUnprocessedEvents, null);
    }

    public override void ContinueAsNew(ContinueAsNewOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        EnsureOwnThread();
        ContinuedAsNew = (converter.Serialize(options.NewInput), options.PreserveUnprocessedEvents, options.NewVersion is { Length: > 0 } version ? version : null);
    }

    public override Guid NewGuid()
    {
        EnsureOwnThread();
        return DeterministicGuid.Create(InstanceId, Clock, _nextGuid++);
    }

    /// <summary>Sets the id under which an open sub-orchestration was really created.</summary>
    public void NameChild(int taskId, string childInstanceId)
    {
        if (_open.TryGetValue(taskId, out var task))
        {
            _open[taskId] = task with { ChildInstanceId = childInstanceId };
        }
    }

    /// <summary>Answers an open task; an answer to a finished or unknown one is ignored.</summary>
    public void Answer(int taskId, string? json)
    {
        if (_open.Remove(taskId, out var task))
        {
            task.Complete(json);
        }
    }

    /// <summary>Ends the wait for a timer.</summary>
    public void Fire(int timerId, bool givesUp) => Answer(timerId, givesUp ? GivenUp : null);

    /// <summary>Fails an open task.</summary>
    public void Fail(int taskId, TaskFailureDetails failure)
    {
        if (_open.Remove(taskId, out var task))
        {
            task.Fail(failure);
        }
    }

    // True if what it is waited for is given up.
    private async Task<bool> WaitUntilAsync(DateTime fireAt, int? retryOf, CancellationToken cancellationToken)
    {
        EnsureOwnThread();
        if (fireAt.Kind == DateTimeKind.Local)
        {
            throw new ArgumentException("A timer's time must be UTC.", nameof(fireAt));
        }

        fireAt = DateTime.SpecifyKind(fireAt, DateTimeKind.Utc);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var legEnd = fireAt - Clock > MaximumTimerInterval ? Clock + MaximumTimerInterval : fireAt;
            var isGivenUp = await TimerLegAsync(legEnd, retryOf, cancellationToken);
            if (isGivenUp || legEnd == fireAt)
            {
                return isGivenUp;
            }
        }
    }

    private async Task<bool> TimerLegAsync(DateTime fireAt, int? retryOf, CancellationToken cancellationToken)
    {
        var id = TakeId();
        var source = new TaskCompletionSource<bool>();
        _pending.Add(id, new CreateTimerAction(id, fireAt) { RetryOf = retryOf });
        _open.Add(id, new OpenTask(answer => source.TrySetResult(answer == GivenUp), failure => source.TrySetException(new TaskFailedException("timer", id, failure))));
        using var registration = cancellationToken.Register(() =>
        {
            // Cancelling is local: the timer stays in the history, and its firing finds no open task.
            if (_open.Remove(id))
            {
                source.TrySetCanceled(cancellationToken);
            }
        });
        return await source.Task;
    }

    private Task<TResult> OpenAsync<TResult>(OrchestratorAction action, string name, string? childInstanceId = null)
    {
        var source = new TaskCompletionSource<TResult>();
        _pending.Add(action.Id, action);
        _open.Add(action.Id, new OpenTask(
            json =>
            {
                try
                {
                    source.TrySetResult(converter.Deserialize<TResult>(json)!);
                }
                catch (Exception unreadable) when (unreadable is System.Text.Json.JsonException or NotSupportedException)
                {
                    source.TrySetException(unreadable);
                }
            },
            failure => source.TrySetException(new TaskFailedException(name, action.Id, failure)),
            childInstanceId));
        return source.Task;
    }

    private static Dictionary<string, string>? Copy(IDictionary<string, string>? tags) =>
        tags is { Count: > 0 } ? new Dictionary<string, string>(tags) : null;

    private void EnsureOwnThread()
    {
        if (_executingThread != Environment.CurrentManagedThreadId)
        {
            throw new InvalidOperationException(
                "The orchestration context was used outside the orchestrator's own thread. An orchestrator may await only tasks "
                + "that its context made: no Task.Run, no Task.Delay, no I/O.");
        }
    }

    private sealed record OpenTask(Action<string?> Complete, Action<TaskFailureDetails> Fail, string? ChildInstanceId = null);
}
