using System.Collections.Concurrent;
using System.Threading.Channels;
using Bibind.Durable.Execution;
using Bibind.Durable.History;
using Bibind.Durable.Hubs;

namespace Bibind.Durable.Worker;

/// <summary>Runs turns, a bounded number at once, and hands their commits to the committer.</summary>
internal sealed class TurnRunner(
    WorkerContext worker,
    TurnCommitter committer,
    ActivityRunner activities,
    Func<InstanceSession, TimeSpan, Task> releaseAsync,
    Func<bool> draining)
{
    private readonly Channel<InstanceSession> _ready = Channel.CreateUnbounded<InstanceSession>();
    private readonly InstanceCache _cache = new(worker.Options.CachedInstances);
    private readonly ConcurrentDictionary<string, int> _failures = new(StringComparer.Ordinal);
    private Task _loops = Task.CompletedTask;

    public void Start() => _loops = Task.WhenAll(Enumerable.Range(0, worker.Options.MaxConcurrentTurns).Select(_ => Task.Run(RunAsync)));

    public void Schedule(InstanceSession session) => _ready.Writer.TryWrite(session);

    /// <summary>Runs what is ready and ends.</summary>
    public Task StopAsync()
    {
        _ready.Writer.TryComplete();
        return _loops;
    }

    public InstanceState? TakeCached(LeasedInstance leased) => _cache.Take(leased.Lease.InstanceId, leased.PreviousToken);

    public void Keep(InstanceSession session) => _cache.Keep(session.State!, session.Lease.Token);

    /// <summary>The wait before an instance that failed here is offered again; grows with every failure in a row.</summary>
    public TimeSpan BackoffFor(string instanceId) =>
        Backoff.After(worker.Options.FirstBackoff, _failures.AddOrUpdate(instanceId, 1, (_, failures) => failures + 1));

    private async Task RunAsync()
    {
        await foreach (var session in _ready.Reader.ReadAllAsync())
        {
            try
            {
                await RunAsync(session);
            }
            catch (Exception failure)
            {
                var delay = BackoffFor(session.Lease.InstanceId);
                Logs.TurnFailed(worker.Logger, failure, session.Lease.InstanceId, delay);
                await releaseAsync(session, delay);
            }
        }
    }

    private async Task RunAsync(InstanceSession session)
    {
        var inputs = session.TakeInbox();
        session.State ??= await LoadAsync(session.Lease.InstanceId, inputs);
        var state = session.State;
        var first = state.Started ?? inputs.Select(i => i.Event).OfType<ExecutionStartedEvent>().FirstOrDefault();
        if (first is not null && worker.Registry.FindOrchestrator(first.Name, first.Version) is null)
        {
            await GiveBackAsync(
                session, inputs, delay => Logs.UnknownOrchestrator(worker.Logger, session.Lease.InstanceId, first.Name, first.Version, delay));
            return;
        }

        if (first is not null && worker.Options.Versioning.Refuses(first.Version) is { } refusal)
        {
            if (worker.Options.Versioning.FailureStrategy == VersionFailureStrategy.Reject)
            {
                await GiveBackAsync(session, inputs, delay => Logs.VersionRefused(worker.Logger, session.Lease.InstanceId, refusal, delay));
                return;
            }

            state.Verdict ??= new CompleteOrchestrationAction(state.LastEventId + 1, OrchestrationRuntimeStatus.Failed, null)
            {
                FailureDetails = new TaskFailureDetails(VersioningOptions.MismatchErrorType, refusal, IsNonRetriable: true),
            };
        }

        var turn = new OrchestrationTurn(
            state, Create, worker.Converter, worker.Options.Versioning.DefaultVersion, static () => Guid.NewGuid().ToString("n"), ClockFor(state, inputs));
        var claimed = 0;
        var commit = turn.Run(session.Lease, inputs, () =>
        {
            if (draining() || !activities.TryReserve())
            {
                return null;
            }

            claimed++;
            return new ActivityClaim(worker.Options.Name, worker.Options.LeaseDuration);
        });
        _failures.TryRemove(session.Lease.InstanceId, out _);
        var closes = session.ClosesWithTurn(claimed, state.HasEnded);
        commit = commit with { ReleasesLease = closes && !state.HasEnded };
        committer.Add(new PendingTurn(session, commit, inputs, Claimed(commit)));
    }

    private async Task GiveBackAsync(InstanceSession session, IReadOnlyList<TurnInput> inputs, Action<TimeSpan> log)
    {
        var delay = BackoffFor(session.Lease.InstanceId);
        log(delay);
        activities.Answer([.. inputs.Where(i => i.Activity is not null)]);
        await releaseAsync(session, delay);
    }

    private async Task<InstanceState> LoadAsync(string instanceId, IReadOnlyList<TurnInput> inputs)
    {
        var state = new InstanceState(instanceId);
        if (inputs.Any(i => i.Event is ExecutionStartedEvent))
        {
            // The first message is consumed by the first turn, so there has been none.
            return state;
        }

        var stored = await worker.Hub.LoadExecutionAsync(instanceId, CancellationToken.None);
        state.NextTurn = stored.NextTurn;
        state.Status = stored.Status;
        state.CustomStatus = stored.CustomStatus;
        state.LastEventId = stored.History.Count > 0 ? stored.History.Max(h => h.EventId) : -1;
        state.LastTurnAt = stored.History.Count > 0 ? stored.History[^1].Timestamp : default;
        state.Started = stored.History.OfType<ExecutionStartedEvent>().FirstOrDefault();
        if (state.Started is not { } started || worker.Registry.FindOrchestrator(started.Name, started.Version) is not { } create)
        {
            return state;
        }

        try
        {
            state.Live = OrchestrationExecution.Replay(create(worker.Services), stored.History, worker.Converter);
        }
        catch (NonDeterministicOrchestrationException violation)
        {
            state.Verdict = OrchestrationExecution.Failure(state.LastEventId + 1, violation);
        }

        return state;
    }

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
            Deliveries = 1,
        }),
    ];
}
