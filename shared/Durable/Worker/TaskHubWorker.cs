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
public sealed class TaskHubWorker : IAsyncDisposable
{
    // Under load much arrives at once; asking for each alone would cost the hub more than running it.
    private static readonly TimeSpan LeaseSpacing = TimeSpan.FromMilliseconds(2);
    private readonly ITaskHub _hub;
    private readonly TaskHubWorkerOptions _options;
    private readonly IReadOnlyDictionary<string, int> _poolLimits;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, InstanceSession> _sessions = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly TurnCommitter _committer;
    private readonly TurnRunner _turns;
    private readonly ActivityRunner _activities;
    private CancellationTokenSource? _stopping;
    private Task _loops = Task.CompletedTask;
    private string _lastOwner = string.Empty;
    private volatile bool _draining;
    private volatile bool _idle;

    /// <summary>A worker that is not started yet.</summary>
    public TaskHubWorker(
        ITaskHub hub,
        DurableTaskRegistry registry,
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
        var shared = new WorkerContext(hub, registry, services, _options, _logger, _time, at, DataConverter.Default);
        _activities = new ActivityRunner(shared, FindSession, ScheduleTurn, ReleaseAsync, Wake);
        _committer = new TurnCommitter(shared, EndTurn, FailTurn);
        _turns = new TurnRunner(shared, _committer, _activities, ReleaseAsync, Drop, () => _draining);
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
        _loops = Task.WhenAll(Task.Run(() => DispatchAsync(token)), Task.Run(() => RenewAsync(token)), Task.Run(() => ForwardSignalsAsync(token)));
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
    /// Starts, works until nothing is due or the deadline comes, and stops: for hosts in which no process lives on.
    /// </summary>
    /// <returns>True if nothing was due any more.</returns>
    public async Task<bool> RunUntilIdleAsync(TimeSpan deadline, CancellationToken cancellationToken = default)
    {
        Start();
        var started = _time.GetTimestamp();
        try
        {
            while (!_idle && _time.GetElapsedTime(started) < deadline && !cancellationToken.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(5), _time, CancellationToken.None);
            }

            return _idle;
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

    private async Task DispatchAsync(CancellationToken stopping)
    {
        var backoff = _options.FirstBackoff;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var began = _time.GetTimestamp();
                var limit = await DispatchOnceAsync(stopping);
                backoff = _options.FirstBackoff;
                if (limit > TimeSpan.Zero)
                {
                    await _wake.WaitAsync(limit, stopping);
                    if (LeaseSpacing - _time.GetElapsedTime(began) is { Ticks: > 0 } early)
                    {
                        await Task.Delay(early, stopping);
                    }
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception unavailable)
            {
                Logs.HubUnavailable(_logger, unavailable, backoff);
                await Task.Delay(backoff, _time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                backoff = Backoff.Next(backoff);
            }
        }
    }

    /// <summary>Fetches once; answers how long to wait for a signal before the next time.</summary>
    private async Task<TimeSpan> DispatchOnceAsync(CancellationToken stopping)
    {
        // Only what was quiet before the hub is asked can be called idle afterwards: no commit was under way.
        var quiet = _sessions.IsEmpty && _activities.IsIdle;
        var maxInstances = Math.Max(0, _options.MaxHeldInstances - _sessions.Count);
        var maxActivities = _activities.Reserve();
        var now = _time.GetUtcNow().UtcDateTime;
        LeasedWork work;
        try
        {
            // Instances in quick motion are left out: what comes for them is found when they come to rest.
            var held = _sessions.Values.Where(s => now - s.HeldSince > TimeSpan.FromMilliseconds(100)).Select(s => s.Lease.InstanceId).ToArray();
            work = await _hub.LeaseAsync(
                new LeaseRequest(_options.Name, maxInstances, maxActivities, _options.LeaseDuration, held)
                {
                    PoolLimits = _poolLimits,
                    MaxActivitiesPerOwner = _options.MaxConcurrentActivitiesPerOwner,
                    RunningByOwner = _activities.RunningByOwner,
                    LastOwner = _lastOwner,
                },
                stopping);
        }
        catch
        {
            _activities.Unreserve(maxActivities);
            throw;
        }

        _activities.Unreserve(maxActivities - work.Activities.Count);
        foreach (var leased in work.Instances)
        {
            Hold(leased, now);
        }

        foreach (var inbox in work.Messages.GroupBy(m => m.InstanceId, StringComparer.Ordinal))
        {
            if (FindSession(inbox.Key) is { } session && session.Deliver(inbox))
            {
                ScheduleTurn(session);
            }
        }

        foreach (var activity in work.Activities)
        {
            _activities.RunFetched(activity);
        }

        if (work.Activities.Count > 0)
        {
            _lastOwner = LastServed(work.Activities.Select(a => a.Owner), _lastOwner);
        }

        _idle = quiet && work.IsEmpty;
        if (work.Instances.Count > 0 || work.Activities.Count > 0)
        {
            var full = work.Instances.Count == maxInstances || work.Activities.Count == maxActivities;
            return full ? TimeSpan.Zero : LeaseSpacing * 3;
        }

        var untilDue = work.NextDueAt is { } due ? due - _time.GetUtcNow().UtcDateTime : _options.PollInterval;
        return untilDue < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1)
            : untilDue < _options.PollInterval ? untilDue
            : _options.PollInterval;
    }

    // In the order in which owners are served: from the one after the last, and round.
    private static string LastServed(IEnumerable<string> owners, string before) =>
        owners.OrderBy(o => string.CompareOrdinal(o, before) <= 0).ThenBy(o => o, StringComparer.Ordinal).Last();

    private void Hold(LeasedInstance leased, DateTime now)
    {
        if (leased.Attempts > _options.MaxAttemptsWithoutTurn)
        {
            _ = IsolateAsync(leased);
            return;
        }

        var session = new InstanceSession(leased.Lease, _turns.TakeCached(leased), now, leased.Attempts);
        if (_sessions.TryGetValue(leased.Lease.InstanceId, out var stale))
        {
            // The hub gave the instance out again, so the lease that we thought we had is lost.
            _activities.Answer(stale.Close());
        }

        _sessions[leased.Lease.InstanceId] = session;
        if (session.Deliver(leased.Messages))
        {
            ScheduleTurn(session);
        }
    }

    private async Task IsolateAsync(LeasedInstance leased)
    {
        var reason = $"The instance was leased {leased.Attempts - 1} times in a row and never finished a turn: its code ends the process or never yields.";
        Logs.InstanceIsolated(_logger, leased.Lease.InstanceId, reason);
        try
        {
            await _hub.IsolateAsync(leased.Lease, reason, CancellationToken.None);
        }
        catch (Exception unavailable)
        {
            // The lease runs out, and the next worker isolates it.
            Logs.HubUnavailable(_logger, unavailable, _options.LeaseDuration);
        }
    }

    private async Task RenewAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(_options.LeaseDuration / 3, _time);
        while (await timer.WaitForNextTickAsync(stopping).AsTask().ContinueWith(t => t.IsCompletedSuccessfully && t.Result, TaskScheduler.Default))
        {
            var sessions = _sessions.Values.ToArray();
            var activities = _activities.Leases();
            if (sessions.Length == 0 && activities.Count == 0)
            {
                continue;
            }

            try
            {
                var lost = await _hub.RenewAsync(new LeaseRenewal([.. sessions.Select(s => s.Lease)], activities, _options.LeaseDuration), stopping);
                foreach (var lease in lost.Instances)
                {
                    LoseLease(lease);
                }

                _activities.LoseLeases(lost.Activities);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception unavailable)
            {
                // The leases may run out; the tokens then keep what we still do here from being stored.
                Logs.HubUnavailable(_logger, unavailable, _options.LeaseDuration / 3);
            }
        }
    }

    private async Task ForwardSignalsAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await _hub.WaitForWorkAsync(Timeout.InfiniteTimeSpan, stopping);
                Wake();
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
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
            if (!session.State!.HasEnded)
            {
                _turns.Keep(session);
            }

            _sessions.TryRemove(new KeyValuePair<string, InstanceSession>(session.Lease.InstanceId, session));
        }

        foreach (var activity in turn.Claimed)
        {
            _activities.Run(activity, session);
        }

        if (turn.Commit.Update is { Ended: true } update)
        {
            Logs.InstanceEnded(_logger, session.Lease.InstanceId, update.Status);
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
            _activities.Unreserve(1, activity.Owner);
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

/// <summary>What the parts of a worker share.</summary>
internal sealed record WorkerContext(
    ITaskHub Hub,
    DurableTaskRegistry Registry,
    IServiceProvider Services,
    TaskHubWorkerOptions Options,
    ILogger Logger,
    TimeProvider Time,
    IWorkerInterceptor Interceptor,
    DataConverter Converter);

/// <summary>Waits that double up to one minute.</summary>
internal static class Backoff
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    public static TimeSpan Next(TimeSpan current) => current * 2 < Longest ? current * 2 : Longest;

    public static TimeSpan After(TimeSpan first, int failures) =>
        failures > 16 ? Longest : TimeSpan.FromTicks(Math.Min(Longest.Ticks, first.Ticks << Math.Max(0, failures - 1)));
}
