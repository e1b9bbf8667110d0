using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Hubs.InMemory;

public sealed partial class InMemoryTaskHub
{
    private bool HasAll(TurnCommit turn)
    {
        var inbox = _instances[turn.Lease.InstanceId].Inbox;
        return turn.ConsumedMessages.All(id => inbox.Exists(m => m.Message.Id == id));
    }

    private void Apply(TurnCommit turn)
    {
        var instance = _instances[turn.Lease.InstanceId];
        instance.Inbox.RemoveAll(m => turn.ConsumedMessages.Contains(m.Message.Id));
        foreach (var activity in turn.ConsumedActivities)
        {
            _activities.Remove(activity.ActivityId);
        }

        if (turn.ReplacesHistory)
        {
            instance.History.Clear();
        }

        instance.History.Add([.. turn.NewHistory]);
        if (turn.Update is { } update)
        {
            instance.Metadata = instance.Metadata with
            {
                ExecutionId = update.ExecutionId,
                RuntimeStatus = update.Status,
                Version = update.Version,
                SerializedInput = turn.ReplacesHistory ? update.Input : instance.Metadata.SerializedInput,
                SerializedOutput = update.Output,
                SerializedCustomStatus = update.CustomStatus,
                FailureDetails = update.FailureDetails,
                LastUpdatedAt = update.At,
                CompletedAt = update.Ended ? update.At : null,
            };
            if (update.Ended)
            {
                instance.Inbox.Clear();
                _unfinished.Remove(instance.Number);
            }

            if (update.Status == OrchestrationRuntimeStatus.Terminated)
            {
                // Who ended it from outside does not want its steps any more.
                foreach (var (id, _) in _activities.Where(a => a.Value.Work.InstanceId == turn.Lease.InstanceId).ToArray())
                {
                    _activities.Remove(id);
                }
            }
        }

        instance.Attempts = turn.ReleasesLease || turn.ClearsAttempts ? 0 : instance.Attempts;
        if (turn.ReleasesLease)
        {
            instance.AvailableAt = DateTime.MinValue;
            instance.IsLeased = false;
        }
    }

    private void Dispatch(TurnCommit turn)
    {
        foreach (var child in turn.Children)
        {
            if (Create(child) is not null)
            {
                var parent = child.Started.Parent!;
                Put(new OutboundMessage(parent.InstanceId, parent.ExecutionId, SubOrchestrationRefused.Describe(child.Started)));
            }
        }

        foreach (var child in turn.Rewinds)
        {
            if (!Rewind(child.InstanceId, turn.Lease.InstanceId, child.Message))
            {
                Put(child.IfRefused);
            }
        }

        foreach (var activity in turn.Activities)
        {
            _activities.Add(activity.Lease.ActivityId, new Activity
            {
                AvailableAt = activity.ClaimFor is { } claim ? Now + claim.Duration : Now,
                IsLeased = activity.ClaimFor is not null,
                Pool = activity.Pool,
                Work = new LeasedActivity
                {
                    Lease = activity.Lease,
                    InstanceId = turn.Lease.InstanceId,
                    ExecutionId = turn.ExecutionId,
                    Scheduled = activity.Scheduled,
                    Owner = activity.Owner,
                    TraceParent = activity.TraceParent,
                    IsPooled = activity.Pool is not null,
                    Deliveries = activity.ClaimFor is null ? 0 : 1,
                },
            });
        }

        foreach (var message in turn.Messages)
        {
            Put(message);
        }
    }
}
