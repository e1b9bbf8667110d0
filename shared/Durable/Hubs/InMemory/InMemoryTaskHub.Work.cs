using Bibind.Durable.History;

namespace Bibind.Durable.Hubs.InMemory;

public sealed partial class InMemoryTaskHub
{
    /// <inheritdoc/>
    public Task<LeasedWork> LeaseAsync(LeaseRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        lock (_lock)
        {
            var now = Now;
            var instances = _unfinished.Values
                .Where(i => i.AvailableAt <= now && i.Inbox.Exists(m => m.VisibleAt <= now) && !request.PassedBy.Contains(i.Metadata.InstanceId))
                .Take(request.MaxInstances)
                .ToArray();
            foreach (var instance in instances)
            {
                instance.PreviousToken = instance.Token;
                instance.Token = ++_lastToken;
                instance.AvailableAt = now + request.Duration;
                instance.IsLeased = true;
                instance.Attempts++;
            }

            var activities = Choose(request, now);
            foreach (var activity in activities)
            {
                activity.Work = activity.Work with
                {
                    Lease = new ActivityLease(activity.Work.Lease.ActivityId, activity.Work.Lease.Token + 1),
                    Deliveries = activity.Work.Deliveries + 1,
                };
                activity.AvailableAt = now + request.Duration;
                activity.IsLeased = true;
            }

            var due = _unfinished.Values.SelectMany(i => i.Inbox.Select(m => m.VisibleAt))
                .Concat(_activities.Values.Select(a => a.AvailableAt))
                .Where(at => at > now)
                .ToArray();
            return Task.FromResult(new LeasedWork(
                [.. instances.Select(i => new LeasedInstance(new InstanceLease(i.Metadata.InstanceId, i.Token), i.PreviousToken, Visible(i, now)) { Attempts = i.Attempts })],
                [.. activities.Select(a => a.Work)],
                [.. request.Held.Where(_instances.ContainsKey).SelectMany(id => Visible(_instances[id], now))],
                due.Length == 0 ? null : due.Min()));
        }
    }

    /// <inheritdoc/>
    public Task<HubBacklog> GetBacklogAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var now = Now;
            var messages = _unfinished.Values.Where(i => i.AvailableAt <= now)
                .SelectMany(i => i.Inbox).Select(m => m.VisibleAt).Where(at => at <= now).ToArray();
            var activities = _activities.Values.Select(a => a.AvailableAt).Where(at => at <= now).ToArray();
            return Task.FromResult(new HubBacklog(
                messages.Length,
                messages.Length == 0 ? TimeSpan.Zero : now - messages.Min(),
                activities.Length,
                activities.Length == 0 ? TimeSpan.Zero : now - activities.Min(),
                _instances.Values.Count(i => i.Metadata.QuarantineReason is not null)));
        }
    }

    /// <inheritdoc/>
    public Task CommitAsync(IReadOnlyList<TurnCommit> turns, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(turns);
        lock (_lock)
        {
            foreach (var turn in turns)
            {
                if (!Holds(turn.Lease) || turn.ConsumedActivities.Any(a => !Holds(a)) || !HasAll(turn))
                {
                    throw new LeaseLostException($"A lease of '{turn.Lease.InstanceId}' was lost.");
                }
            }

            foreach (var turn in turns)
            {
                Apply(turn);
            }

            foreach (var turn in turns)
            {
                Dispatch(turn);
            }
        }

        if (turns.Any(t => t.MakesWork))
        {
            _work.Set();
        }

        foreach (var turn in turns.Where(t => t.Update is { Ended: true }))
        {
            InstanceEnded?.Invoke(turn.Lease.InstanceId);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task CompleteActivitiesAsync(IReadOnlyList<ActivityResult> answers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(answers);
        lock (_lock)
        {
            foreach (var answer in answers.Where(a => Holds(a.Lease)))
            {
                _activities.Remove(answer.Lease.ActivityId);
                Put(new OutboundMessage(answer.InstanceId, answer.ExecutionId, answer.Event));
            }
        }

        _work.Set();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<LostLeases> RenewAsync(LeaseRenewal renewal, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(renewal);
        lock (_lock)
        {
            var until = Now + renewal.Duration;
            var lost = new LostLeases(
                [.. renewal.Instances.Where(i => !Holds(i) || !_instances[i.InstanceId].IsLeased)],
                [.. renewal.Activities.Where(a => !Holds(a) || !_activities[a.ActivityId].IsLeased)]);
            foreach (var lease in renewal.Instances.Except(lost.Instances))
            {
                _instances[lease.InstanceId].AvailableAt = until;
            }

            foreach (var lease in renewal.Activities.Except(lost.Activities))
            {
                _activities[lease.ActivityId].AvailableAt = until;
            }

            return Task.FromResult(lost);
        }
    }

    /// <inheritdoc/>
    public Task ReleaseAsync(
        IReadOnlyList<InstanceLease> instances, IReadOnlyList<ActivityLease> activities, TimeSpan delay, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(instances);
        ArgumentNullException.ThrowIfNull(activities);
        lock (_lock)
        {
            var at = Now + delay;
            foreach (var instance in instances.Where(Holds).Select(lease => _instances[lease.InstanceId]))
            {
                instance.AvailableAt = at;
                instance.IsLeased = false;
                instance.Attempts = Math.Max(0, instance.Attempts - 1);
            }

            foreach (var activity in activities.Where(Holds).Select(lease => _activities[lease.ActivityId]))
            {
                activity.AvailableAt = at;
                activity.IsLeased = false;
                activity.Work = activity.Work with { Abandoned = activity.Work.Abandoned + 1 };
            }
        }

        _work.Set();
        return Task.CompletedTask;
    }

    // Owners in turn, and no more of a pool than it has room for.
    private Activity[] Choose(LeaseRequest request, DateTime now)
    {
        var due = _activities.Values.Where(a => a.AvailableAt <= now && !request.PassedByActivities.Contains(a.Work.Lease.ActivityId)).OrderBy(a => a.AvailableAt).ToArray();
        var free = due.Where(a => a.Pool is null).GroupBy(a => a.Work.Owner, StringComparer.Ordinal).SelectMany(owner => InTurn(owner, request)
            .Take(owner.Key.Length == 0 ? int.MaxValue : request.MaxActivitiesPerOwner - request.RunningByOwner.GetValueOrDefault(owner.Key)));
        var pooled = due.Where(a => a.Pool is not null).GroupBy(a => a.Pool!, StringComparer.Ordinal).SelectMany(pool =>
            Serve(pool.GroupBy(a => a.Work.Owner, StringComparer.Ordinal).SelectMany(owner => InTurn(owner, request)), request)
                .Take(request.PoolLimits.GetValueOrDefault(pool.Key, int.MaxValue)
                    - _activities.Values.Count(a => a.Pool == pool.Key && a.IsLeased && a.AvailableAt > now)));
        return [.. Serve(free.Concat(pooled), request).Take(request.MaxActivities).Select(c => c.Activity)];

        static IEnumerable<(Activity Activity, int Turn)> InTurn(IGrouping<string, Activity> owner, LeaseRequest request) =>
            owner.Select((a, turn) => (a, turn + request.RunningByOwner.GetValueOrDefault(owner.Key)));

        static IEnumerable<(Activity Activity, int Turn)> Serve(IEnumerable<(Activity Activity, int Turn)> candidates, LeaseRequest request) =>
            candidates.OrderBy(c => c.Turn).ThenBy(c => string.CompareOrdinal(c.Activity.Work.Owner, request.LastOwner) <= 0)
                .ThenBy(c => c.Activity.Work.Owner, StringComparer.Ordinal).ThenBy(c => c.Activity.AvailableAt);
    }

    private static List<InboxMessage> Visible(Instance instance, DateTime now) =>
        [.. instance.Inbox.Where(m => m.VisibleAt <= now || (instance.StartsAt > now && m.Message.Event is ExecutionStartedEvent)).Select(m => m.Message).OrderBy(m => m.Id).Take(1000)];

    private bool Holds(InstanceLease lease) =>
        _instances.TryGetValue(lease.InstanceId, out var instance) && instance.Token == lease.Token && !instance.Metadata.IsCompleted;

    private bool Holds(ActivityLease lease) => _activities.TryGetValue(lease.ActivityId, out var activity) && activity.Work.Lease.Token == lease.Token;
}
