using Bibind.Durable.Hubs;

namespace Bibind.Durable.Worker;

/// <content>The loops: fetching work, renewing leases, listening.</content>
public sealed partial class TaskHubWorker
{
    // Under load much arrives at once; asking for each alone would cost the hub more than running it.
    private static readonly TimeSpan LeaseSpacing = TimeSpan.FromMilliseconds(2);

    // With less than this in motion, what arrives is alone and need not wait for others.
    private const int InMotionUnderLoad = 4;

    // Instances in quick motion are left out when messages are asked for: what comes for them is found when they come to rest.
    private static readonly TimeSpan QuickMotion = TimeSpan.FromMilliseconds(100);

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
                    await _wakeUp.WaitAsync(limit, stopping);
                    if (IsUnderLoad && LeaseSpacing - _time.GetElapsedTime(began) is { Ticks: > 0 } early)
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

    private bool IsUnderLoad => _sessions.Held + _sessions.Activities.Running >= InMotionUnderLoad;

    private async Task<TimeSpan> DispatchOnceAsync(CancellationToken stopping)
    {
        try
        {
            return await FetchAsync(stopping);
        }
        finally
        {
            _sessions.Slots.EndFetch();
        }
    }

    /// <summary>Fetches once; answers how long to wait for a signal before the next time.</summary>
    private async Task<TimeSpan> FetchAsync(CancellationToken stopping)
    {
        // Only what was quiet before the hub is asked can be called idle afterwards: no commit was under way.
        var quiet = _sessions.Held == 0 && _sessions.Activities.IsIdle;
        var maxInstances = Math.Max(0, _options.MaxHeldInstances - _sessions.Held);
        var maxActivities = _sessions.Slots.Reserve();
        var now = _time.GetUtcNow().UtcDateTime;
        var began = _time.GetTimestamp();
        LeasedWork work;
        bool passedBy;
        try
        {
            var sessions = _sessions.Sessions;
            var held = sessions.Where(s => now - s.HeldSince > QuickMotion).Select(s => s.Lease.InstanceId).ToArray();
            passedBy = held.Length < sessions.Length;
            work = await _hub.LeaseAsync(
                new LeaseRequest(_options.Name, maxInstances, maxActivities, _options.LeaseDuration, held)
                {
                    PoolLimits = _poolLimits,
                    MaxActivitiesPerOwner = _options.MaxConcurrentActivitiesPerOwner,
                    RunningByOwner = _sessions.Slots.RunningByOwner,
                    LastOwner = _lastOwner,
                    PassedBy = _sessions.PassedBy,
                    PassedByActivities = _sessions.Activities.PassedBy,
                },
                stopping);
        }
        catch
        {
            _sessions.Slots.Unreserve(maxActivities);
            throw;
        }

        _sessions.Slots.Unreserve(maxActivities - work.Activities.Count);
        foreach (var leased in work.Instances)
        {
            _sessions.Hold(leased, now);
        }

        foreach (var inbox in work.Messages.GroupBy(m => m.InstanceId, StringComparer.Ordinal))
        {
            if (_sessions.Find(inbox.Key) is { } session && session.Deliver(inbox))
            {
                _sessions.ScheduleTurn(session);
            }
        }

        foreach (var activity in work.Activities)
        {
            _sessions.Activities.RunFetched(activity, began);
        }

        if (work.Activities.Count > 0)
        {
            _lastOwner = LastServed(work.Activities.Select(a => a.Owner), _lastOwner);
        }

        _nextDueAt = work.NextDueAt;
        _idle = quiet && work.IsEmpty;
        if (work.Instances.Count > 0 || work.Activities.Count > 0)
        {
            var full = work.Instances.Count == maxInstances || work.Activities.Count == maxActivities;
            return full ? TimeSpan.Zero : LeaseSpacing * 3;
        }

        // One that does not come to rest is asked for once its motion is no longer quick.
        var longest = passedBy && QuickMotion < _options.PollInterval ? QuickMotion : _options.PollInterval;
        var untilDue = work.NextDueAt is { } due ? due - _time.GetUtcNow().UtcDateTime : longest;
        return untilDue < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1)
            : untilDue < longest ? untilDue
            : longest;
    }

    // In the order in which owners are served: from the one after the last, and round.
    private static string LastServed(IEnumerable<string> owners, string before) =>
        owners.OrderBy(o => string.CompareOrdinal(o, before) <= 0).ThenBy(o => o, StringComparer.Ordinal).Last();

    private async Task RenewAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(_options.RenewalInterval, _time);
        while (await timer.WaitForNextTickAsync(stopping).AsTask().ContinueWith(t => t.IsCompletedSuccessfully && t.Result, TaskScheduler.Default))
        {
            var sessions = _sessions.Sessions;
            var activities = _sessions.Activities.Leases();
            if (sessions.Length == 0 && activities.Count == 0)
            {
                continue;
            }

            try
            {
                var began = _time.GetTimestamp();
                var lost = await _hub.RenewAsync(new LeaseRenewal([.. sessions.Select(s => s.Lease)], activities, _options.LeaseDuration), stopping);
                foreach (var lease in lost.Instances)
                {
                    _sessions.LoseLease(lease);
                }

                _sessions.Activities.LoseLeases(lost.Activities);
                _sessions.Activities.Renewed(activities.Except(lost.Activities), began);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception unavailable)
            {
                // The leases may run out; the tokens then keep what we still do here from being stored.
                Logs.HubUnavailable(_logger, unavailable, _options.RenewalInterval);
            }
        }
    }

    private async Task ForwardSignalsAsync(Task told, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await told;
                // Waits again before it wakes: what comes now is either found by the fetch or told of once more.
                told = _hub.WaitForWorkAsync(Timeout.InfiniteTimeSpan, stopping);
                _wakeUp.Set();
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
        }
    }
}
