using System.Collections.Concurrent;
using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Bibind.Testing;

namespace Bibind.Durable.Tests;

/// <summary>An execution as its commits told it, ended ones too.</summary>
public sealed record RecordedExecution(string ExecutionId)
{
    public List<HistoryEvent> Events { get; } = [];
}

/// <summary>Keeps what every turn committed, and can hold orchestrator work back.</summary>
public sealed class RecordingTaskHub(ITaskHub inner) : DelegatingTaskHub(inner)
{
    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _gates = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<RecordedExecution>> _executions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _commits = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OutboundMessage> _injected = new(StringComparer.Ordinal);
    private int _answered;
    private int _leasing;
    private int _committing;
    private int _givenBackInstances;
    private int _givenBackActivities;
    private volatile bool _paused;

    /// <summary>Answers that came through the hub, dropped ones too.</summary>
    public int AnsweredActivities => Volatile.Read(ref _answered);

    public int GivenBackInstances => Volatile.Read(ref _givenBackInstances);

    public int GivenBackActivities => Volatile.Read(ref _givenBackActivities);

    /// <summary>After it no orchestrator work is handed out until resumed.</summary>
    public async Task PauseAsync()
    {
        _paused = true;
        await Eventually.TrueAsync(() => Volatile.Read(ref _leasing) == 0);
    }

    public void Resume() => _paused = false;

    /// <summary>Everything that is in the hub is in the record too: what follows a commit may end before that commit is recorded.</summary>
    public Task RecordedAsync() => Eventually.TrueAsync(() => Volatile.Read(ref _committing) == 0);

    /// <summary>The message leaves with the next commit of <paramref name="carrier"/>.</summary>
    public void Inject(string carrier, OutboundMessage message)
    {
        lock (_lock)
        {
            _injected[carrier] = message;
        }
    }

    public int Commits(string instanceId)
    {
        lock (_lock)
        {
            return _commits.GetValueOrDefault(instanceId);
        }
    }

    public IReadOnlyList<string> Instances()
    {
        lock (_lock)
        {
            return [.. _executions.Keys.Order(StringComparer.Ordinal)];
        }
    }

    public IReadOnlyList<RecordedExecution> Executions(string instanceId)
    {
        lock (_lock)
        {
            return _executions.TryGetValue(instanceId, out var executions) ? [.. executions] : [];
        }
    }

    /// <summary>The newest execution's lines so far.</summary>
    public IReadOnlyList<HistoryEvent> Events(string instanceId)
    {
        lock (_lock)
        {
            return _executions.TryGetValue(instanceId, out var executions) ? [.. executions[^1].Events] : [];
        }
    }

    public override async Task<LeasedWork> LeaseAsync(LeaseRequest request, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _leasing);
        try
        {
            return await base.LeaseAsync(_paused ? request with { MaxInstances = 0, Held = [] } : request, cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _leasing);
        }
    }

    public override async Task CommitAsync(IReadOnlyList<TurnCommit> turns, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            turns = [.. turns.Select(t => _injected.Remove(t.Lease.InstanceId, out var more) ? t with { Messages = [.. t.Messages, more] } : t)];
        }

        // The next turn of an instance is not committed before this one is recorded: the record has the order of the commits. A worker that
        // lost an instance and leased it again may commit turns of both leases at once.
        var gates = turns.Select(t => t.Lease.InstanceId).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(id => _gates.GetOrAdd(id, _ => new SemaphoreSlim(1))).ToArray();
        foreach (var gate in gates)
        {
            await gate.WaitAsync(cancellationToken);
        }

        Interlocked.Increment(ref _committing);
        try
        {
            await base.CommitAsync(turns, cancellationToken);
            lock (_lock)
            {
                foreach (var turn in turns)
                {
                    Record(turn);
                }
            }
        }
        finally
        {
            Interlocked.Decrement(ref _committing);
            foreach (var gate in gates)
            {
                gate.Release();
            }
        }
    }

    public override async Task CompleteActivitiesAsync(IReadOnlyList<ActivityResult> answers, CancellationToken cancellationToken)
    {
        await base.CompleteActivitiesAsync(answers, cancellationToken);
        Interlocked.Add(ref _answered, answers.Count);
    }

    public override async Task ReleaseAsync(
        IReadOnlyList<InstanceLease> instances, IReadOnlyList<ActivityLease> activities, TimeSpan delay, CancellationToken cancellationToken)
    {
        await base.ReleaseAsync(instances, activities, delay, cancellationToken);
        Interlocked.Add(ref _givenBackInstances, instances.Count);
        Interlocked.Add(ref _givenBackActivities, activities.Count);
    }

    private void Record(TurnCommit turn)
    {
        var id = turn.Lease.InstanceId;
        _commits[id] = _commits.GetValueOrDefault(id) + 1;
        if (!_executions.TryGetValue(id, out var executions))
        {
            _executions.Add(id, executions = []);
        }

        foreach (var generation in (IEnumerable<IReadOnlyList<HistoryEvent>>)[.. turn.EndedGenerations, turn.NewHistory])
        {
            var started = generation.OfType<ExecutionStartedEvent>().FirstOrDefault();
            if (started is not null && (executions.Count == 0 || executions[^1].ExecutionId != started.ExecutionId))
            {
                executions.Add(new RecordedExecution(started.ExecutionId));
            }

            executions[^1].Events.AddRange(generation);
        }
    }
}
