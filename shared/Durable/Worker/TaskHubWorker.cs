using System.Collections.Concurrent;
using Bibind.Durable.Hubs;
using Bibind.Durable.Serialization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bibind.Durable.Worker;

/// <summary>
/// Leases work from a hub, runs orchestrators and activities with bounded concurrency, renews the leases and gives
/// everything back at shutdown. Any number of workers may share a hub.
/// </summary>
/// <remarks>
/// Path of an activity's answer: <c>ActivityRunner → InstanceSession.Deliver → TurnRunner → TurnCommitter</c>. While an
/// instance is held, its answers stay in this process and are stored by the commit of the turn that they wake.
/// </remarks>
public sealed partial class TaskHubWorker : IAsyncDisposable
{
    private readonly ITaskHub _hub;
    private readonly TaskHubWorkerOptions _options;
    private readonly IReadOnlyDictionary<string, int> _poolLimits;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly LeftToOthers _leftToOthers;
    private readonly ConcurrentDictionary<string, InstanceSession> _sessions = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly TurnCommitter _committer;
    private readonly TurnRunner _turns;
    private readonly ActivitySlots _slots;
    private readonly ActivityRunner _activities;
    private CancellationTokenSource? _stopping;
    private Task _loops = Task.CompletedTask;
    private string _lastOwner = string.Empty;
    private volatile bool _draining;
    private volatile bool _idle;
    private DateTime? _nextDueAt;

    /// <summary>A worker that is not started yet.</summary>
    public TaskHubWorker(
        ITaskHub hub,
        TaskRegistry registry,
        IServiceProvider services,
        TaskHubWorkerOptions? options = null,
        ILogger<TaskHubWorker>? logger = null,
        TimeProvider? timeProvider = null,
        IWorkerInterceptor? interceptor = null)
    {
        _hub = hub;
        _options = options ?? new TaskHubWorkerOptions();
        _poolLimits = _options.ActivityLimits.ToDictionary(l => l.Key.ToLowerInvariant(), l => l.Value, StringComparer.Ordinal);
        _logger = logger ?? NullLogger<TaskHubWorker>.Instance;
        _time = timeProvider ?? TimeProvider.System;
        var at = interceptor ?? WorkerInterceptor.None;
        var shared = new WorkerContext(hub, registry, services, _options, _logger, _time, at, HubDataConverter.Default);
        _slots = new ActivitySlots(_options, Wake);
        _leftToOthers = new LeftToOthers(_time);
        _activities = new ActivityRunner(shared, FindSession, ScheduleTurn, ReleaseAsync, _slots);
        _committer = new TurnCommitter(shared, EndTurn, FailTurn);
        _turns = new TurnRunner(shared, _committer, _activities, _slots, ReleaseAsync, Drop, _leftToOthers, () => _draining);
    }

    /// <summary>True while the loops run.</summary>
    public bool IsRunning => _stopping is { IsCancellationRequested: false };

    /// <summary>Instances held now.</summary>
    public int HeldInstances => _sessions.Count;

    /// <summary>Activities running now.</summary>
    public int RunningActivities => _activities.Running;

    /// <summary>Starts the loops.</summary>
    public void Start()
    {
        if (_stopping is not null)
        {
            throw new InvalidOperationException("The worker was started already.");
        }

        _stopping = new CancellationTokenSource();
        var token = _stopping.Token;
        _committer.Start();
        _turns.Start();
        _activities.Start();
        var told = _hub.WaitForWorkAsync(Timeout.InfiniteTimeSpan, token);
        _loops = Task.WhenAll(Task.Run(() => DispatchAsync(token)), Task.Run(() => RenewAsync(token)), Task.Run(() => ForwardSignalsAsync(told, token)));
        Logs.WorkerStarted(_logger, _options.Name);
    }

    /// <summary>
    /// Takes no new work, lets running activities finish within <see cref="TaskHubWorkerOptions.ShutdownTimeout"/>, then
    /// cancels them, and gives every lease back.
    /// </summary>
    public async Task StopAsync()
    {
        if (_stopping is null || _draining)
        {
            return;
        }

        _draining = true;
        await _stopping.CancelAsync();
        await _loops;
        await _activities.StopAsync(_options.ShutdownTimeout);
        await _turns.StopAsync();
        await _committer.StopAsync();
        var held = _sessions.Values.ToArray();
        foreach (var session in held)
        {
            _activities.Answer(session.Close());
        }

        await _activities.FlushAsync();
        if (held.Length > 0)
        {
            await TryReleaseAsync([.. held.Select(s => s.Lease)], TimeSpan.Zero);
        }

        _sessions.Clear();
        Logs.WorkerStopped(_logger, _options.Name);
    }

    /// <summary>
    /// Starts, works until nothing is due or the time is up, and stops: for hosts in which no process lives on. In the
    /// last <see cref="TaskHubWorkerOptions.ShutdownTimeout"/> of the limit it takes nothing new.
    /// </summary>
    public async Task<PumpResult> RunUntilIdleAsync(TimeSpan limit, CancellationToken cancellationToken = default)
    {
        Start();
        var started = _time.GetTimestamp();
        try
        {
            while (!_idle && _time.GetElapsedTime(started) < limit - _options.ShutdownTimeout && !cancellationToken.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(5), _time, CancellationToken.None);
            }

            return new PumpResult(_idle, _nextDueAt);
        }
        finally
        {
            await StopAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _activities.Dispose();
        _turns.Dispose();
        _stopping?.Dispose();
        _wake.Dispose();
    }

    private InstanceSession? FindSession(string instanceId) => _sessions.GetValueOrDefault(instanceId);

    private void ScheduleTurn(InstanceSession session) => _turns.Schedule(session);

    private void Wake()
    {
        lock (_wake)
        {
            if (_wake.CurrentCount == 0)
            {
                _wake.Release();
            }
        }
    }

    private void LoseLease(InstanceLease lease)
    {
        // A session that ended or was given back meanwhile is no longer ours to lose.
        if (_sessions.TryGetValue(lease.InstanceId, out var session) && session.Lease == lease && !session.IsClosed)
        {
            Logs.LeaseLost(_logger, lease.InstanceId);
            Drop(session);
        }
    }

    private void EndTurn(PendingTurn turn)
    {
        var session = turn.Session;
        if (turn.Closes)
        {
            var hasEnded = session.State!.HasEnded;
            if (!hasEnded)
            {
                _turns.Keep(session);
            }

            _sessions.TryRemove(new KeyValuePair<string, InstanceSession>(session.Lease.InstanceId, session));
            if (!hasEnded)
            {
                // What came for it while it was held was passed by: whoever told of it told too early.
                Wake();
            }
        }

        foreach (var activity in turn.Claimed)
        {
            _activities.Run(activity, session, turn.CommittingSince);
        }

        if (turn.Commit.Update is { Ended: true } update)
        {
            Logs.InstanceEnded(_logger, session.Lease.InstanceId, update.Status);
            DurableTelemetry.End(session.State!.Started!, update);
        }

        var (schedule, release) = session.EndTurn();
        if (schedule)
        {
            ScheduleTurn(session);
        }
        else if (release)
        {
            _ = ReleaseAsync(session, TimeSpan.Zero);
        }
    }

    private void FailTurn(PendingTurn turn, Exception reason)
    {
        var session = turn.Session;
        foreach (var activity in turn.Claimed)
        {
            _slots.Unreserve(1, activity.Owner);
        }

        // What the turn consumed is not lost: messages are still in the hub, and answers go there now.
        _activities.Answer([.. turn.Inputs.Where(i => i.Activity is not null)]);
        Drop(session);
        if (reason is LeaseLostException)
        {
            // Or only a message was consumed already, and the lease is still ours to give back; an old one is ignored.
            Logs.LeaseLost(_logger, session.Lease.InstanceId);
            _ = TryReleaseAsync([session.Lease], TimeSpan.Zero);
            return;
        }

        var delay = _turns.BackoffFor(session.Lease.InstanceId);
        Logs.CommitFailed(_logger, reason, session.Lease.InstanceId, delay);
        _ = TryReleaseAsync([session.Lease], delay);
    }

    private void Drop(InstanceSession session)
    {
        _activities.Answer(session.Close());
        _sessions.TryRemove(new KeyValuePair<string, InstanceSession>(session.Lease.InstanceId, session));
    }

    private Task ReleaseAsync(InstanceSession session, TimeSpan delay)
    {
        Drop(session);
        return TryReleaseAsync([session.Lease], delay);
    }

    private async Task TryReleaseAsync(IReadOnlyList<InstanceLease> leases, TimeSpan delay)
    {
        try
        {
            await _hub.ReleaseAsync(leases, [], delay, CancellationToken.None);
        }
        catch (Exception unavailable)
        {
            // The leases run out by themselves.
            Logs.HubUnavailable(_logger, unavailable, _options.LeaseDuration);
        }
    }
}
