using System.Collections.Concurrent;
using System.Threading.Channels;
using Bibind.Durable.Execution;
using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Bibind.Durable.Telemetry;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Worker;

/// <summary>Runs turns, a bounded number at once, and hands their commits to the committer.</summary>
internal sealed class TurnRunner(WorkerContext worker, ISessionCoordinator sessions, TurnCommitter committer, ActivityRunner activities) : IDisposable
{
    private readonly Channel<InstanceSession> _ready = Channel.CreateUnbounded<InstanceSession>();
    private readonly InstanceCache _cache = new(worker.Options.CachedInstances);
    private readonly ConcurrentDictionary<string, int> _failures = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();
    private TurnLoops? _loops;
    private Task _watching = Task.CompletedTask;

    public void Start()
    {
        _loops = new TurnLoops(worker, RunAsync, sessions);
        _loops.Start();
        _watching = Task.Run(() => _loops.WatchAsync(_stopping.Token));
    }

    public void Schedule(InstanceSession session) => _ready.Writer.TryWrite(session);

    /// <summary>Runs what is ready and ends.</summary>
    public async Task StopAsync()
    {
        _ready.Writer.TryComplete();
        await _stopping.CancelAsync();
        await _watching;
        await (_loops?.EndAsync() ?? Task.CompletedTask);
    }

    public void Dispose() => _stopping.Dispose();

    public InstanceState? TakeCached(LeasedInstance leased) => _cache.Take(leased.Lease.InstanceId, leased.PreviousToken);

    public void Keep(InstanceSession session) => _cache.Keep(session.State!, session.Lease.Token);

    /// <summary>The wait before an instance that failed here is offered again; grows with every failure in a row.</summary>
    public TimeSpan BackoffFor(string instanceId) =>
        Backoff.After(worker.Options.FirstBackoff, _failures.AddOrUpdate(instanceId, 1, (_, failures) => failures + 1));

    private async Task RunAsync(TurnLoop loop)
    {
        await foreach (var session in _ready.Reader.ReadAllAsync())
        {
            try
            {
                await RunAsync(session, loop);
            }
            catch (Exception failure)
            {
                var delay = BackoffFor(session.Lease.InstanceId);
                Logs.TurnFailed(worker.Logger, failure, session.Lease.InstanceId, delay);
                await sessions.ReleaseAsync(session, delay);
            }

            if (loop.IsGivenUp)
            {
                return;
            }
        }
    }

    private async Task RunAsync(InstanceSession session, TurnLoop loop)
    {
        var inputs = session.TakeInbox();
        session.State ??= await LoadAsync(session, inputs, loop);
        var state = session.State;
        var first = state.Started ?? inputs.Select(i => i.Event).OfType<ExecutionStartedEvent>().FirstOrDefault();
        if (first is not null && worker.Registry.FindOrchestrator(first.Name, first.Version) is null)
        {
            await AbandonAsync(
                session, inputs, delay => Logs.UnknownOrchestrator(worker.Logger, session.Lease.InstanceId, first.Name, first.Version, delay));
            return;
        }

        if (first is not null && worker.Options.Versioning.Refuses(first.Version) is { } refusal)
        {
            if (worker.Options.Versioning.FailureStrategy == VersionFailureStrategy.Reject)
            {
                await AbandonAsync(session, inputs, delay => Logs.VersionRefused(worker.Logger, session.Lease.InstanceId, refusal, delay));
                return;
            }

            state.Verdict ??= new CompleteOrchestrationAction(state.LastEventId + 1, OrchestrationRuntimeStatus.Failed, null)
            {
                FailureDetails = TaskFailureDetails.Create(VersioningOptions.MismatchErrorType, refusal, isNonRetriable: true),
            };
        }

        var turn = new OrchestrationTurn(
            state, Create, worker.Converter, worker.Options.Versioning.DefaultVersion, static () => Guid.NewGuid().ToString("n"), ClockFor(state, inputs), worker.Loggers);
        var claimed = 0;
        var owner = OwnerOf(first);
        var began = worker.Time.GetTimestamp();
        var commit = loop.Run(session, () => turn.Run(session.Lease, inputs, scheduled =>
        {
            var pool = worker.Options.ActivityLimits.ContainsKey(scheduled.Name) ? scheduled.Name.ToLowerInvariant() : null;
            // What is limited among all workers is handed out by the hub, which alone can count it.
            var claims = pool is null && !sessions.IsDraining && sessions.Slots.TryReserve(owner);
            claimed += claims ? 1 : 0;
            return new NewActivity(scheduled, claims ? new ActivityClaim(worker.Options.Name, worker.Options.LeaseDuration) : null)
            {
                Owner = owner,
                Pool = pool,
                TraceParent = state.Started?.TraceParent,
            };
        }));
        if (loop.IsGivenUp)
        {
            sessions.Slots.Unreserve(claimed, owner);
            activities.Answer([.. inputs.Where(i => i.Activity is not null)]);
            return;
        }

        DurableTelemetry.RecordTurn(first?.Name ?? string.Empty, worker.Time.GetElapsedTime(began));
        _failures.TryRemove(session.Lease.InstanceId, out _);
        var closes = session.ClosesWithTurn(claimed, state.HasEnded);
        commit = commit with { ReleasesLease = closes && !state.HasEnded, ClearsAttempts = session.ClearAttempts() };
        committer.Add(new PendingTurn(session, commit, inputs, Claimed(commit)));
    }

    private async Task AbandonAsync(InstanceSession session, IReadOnlyList<TurnInput> inputs, Action<TimeSpan> log)
    {
        var delay = BackoffFor(session.Lease.InstanceId);
        log(delay);
        activities.Answer([.. inputs.Where(i => i.Activity is not null)]);
        await sessions.LeaveToOthersAsync(session, delay);
    }

    private async Task<InstanceState> LoadAsync(InstanceSession session, IReadOnlyList<TurnInput> inputs, TurnLoop loop)
    {
        var instanceId = session.Lease.InstanceId;
        var state = new InstanceState(instanceId);
        var terminated = session.Attempts > 1 ? inputs.Select(i => i.Event).OfType<ExecutionTerminatedEvent>().FirstOrDefault() : null;
        if (session.IsFirstLease && inputs.Any(i => i.Event is ExecutionStartedEvent) && !inputs.Any(i => i.Event is ExecutionRewoundEvent))
        {
            // The first message is consumed by the first turn, so there has been none. Later ones of its kind mean nothing.
            state.Verdict = terminated is null ? null : Terminated(0, terminated);
            return state;
        }

        var stored = await worker.Hub.LoadExecutionAsync(instanceId, CancellationToken.None);
        state.NextTurn = stored.NextTurn;
        state.Status = stored.Status;
        state.CustomStatus = stored.CustomStatus;
        state.LastEventId = stored.History.Count > 0 ? stored.History.Max(h => h.EventId) : -1;
        state.LastTurnAt = stored.History.Count > 0 ? stored.History[^1].Timestamp : default;
        state.Started = stored.History.OfType<ExecutionStartedEvent>().FirstOrDefault();
        if (terminated is not null)
        {
            // Its code ended a process before: it ends without being run once more.
            state.Verdict = Terminated(state.LastEventId + 1, terminated);
        }
        else if (state.Started is { } started && worker.Registry.FindOrchestrator(started.Name, started.Version) is { } create)
        {
            loop.Run(session, () => Replay(state, stored.History, inputs, () => create(worker.Services)));
        }

        return state;
    }

    private InstanceState Replay(InstanceState state, IReadOnlyList<HistoryEvent> past, IReadOnlyList<TurnInput> inputs, Func<ITaskOrchestrator> create)
    {
        try
        {
            if (inputs.Select(i => i.Event).OfType<ExecutionRewoundEvent>().FirstOrDefault() is { } rewound && past.Any(l => l is ExecutionCompletedEvent))
            {
                state.Rewound = HistoryRewind.Apply(past, rewound, Guid.NewGuid().ToString("n"), lines => Replays(lines, create));
                past = state.Rewound.Lines;
                state.Started = past.OfType<ExecutionStartedEvent>().First();
            }

            state.Live = OrchestrationExecution.Replay(create(), past, worker.Converter, worker.Loggers);
        }
        catch (NonDeterministicOrchestrationException violation)
        {
            state.Verdict = OrchestrationExecution.Failure(state.LastEventId + 1, violation);
        }

        return state;
    }

    private bool Replays(IReadOnlyList<HistoryEvent> past, Func<ITaskOrchestrator> create)
    {
        try
        {
            OrchestrationExecution.Replay(create(), past, worker.Converter, worker.Loggers);
            return true;
        }
        catch (NonDeterministicOrchestrationException)
        {
            return false;
        }
    }

    private static CompleteOrchestrationAction Terminated(int id, ExecutionTerminatedEvent terminated) =>
        new(id, OrchestrationRuntimeStatus.Terminated, terminated.Input);

    // The orchestrator's clock never runs backwards, whichever machine the turn runs on, nor before a timer that fired.
    private DateTime ClockFor(InstanceState state, IReadOnlyList<TurnInput> inputs)
    {
        var now = worker.Time.GetUtcNow().UtcDateTime;
        now = now > state.LastTurnAt ? now : state.LastTurnAt;
        foreach (var input in inputs)
        {
            if (input.Event is TimerFiredEvent fired && fired.FireAt > now)
            {
                now = fired.FireAt;
            }
        }

        return now;
    }

    // Cut, because it stands in an index.
    private string OwnerOf(ExecutionStartedEvent? started) =>
        worker.Options.OwnerTag is { } tag && started?.Tags?.GetValueOrDefault(tag) is { } owner ? owner[..Math.Min(owner.Length, 200)] : string.Empty;

    private ITaskOrchestrator Create(ExecutionStartedEvent started) =>
        worker.Registry.FindOrchestrator(started.Name, started.Version)?.Invoke(worker.Services)
        ?? throw new InvalidOperationException($"No orchestrator named '{started.Name}' (version '{started.Version}') is registered.");

    private static List<LeasedActivity> Claimed(TurnCommit commit) =>
    [
        .. commit.Activities.Where(a => a.ClaimFor is not null).Select(a => new LeasedActivity
        {
            Lease = a.Lease,
            InstanceId = commit.Lease.InstanceId,
            ExecutionId = commit.ExecutionId,
            Scheduled = a.Scheduled,
            Owner = a.Owner,
            TraceParent = a.TraceParent,
            Deliveries = 1,
        }),
    ];
}
