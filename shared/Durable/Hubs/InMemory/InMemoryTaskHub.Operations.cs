using System.Data.Common;
using Bibind.Durable.History;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Hubs.InMemory;

public sealed partial class InMemoryTaskHub
{
    /// <inheritdoc/>
    public Task<bool> PurgeAsync(string instanceId, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_instances.TryGetValue(instanceId, out var instance) && !instance.Metadata.IsCompleted)
            {
                throw new InvalidOperationException($"The instance '{instanceId}' has not ended; terminate it before it is purged.");
            }

            return Task.FromResult(_instances.Remove(instanceId));
        }
    }

    /// <inheritdoc/>
    public Task<int> PurgeAsync(HubPurgeFilter filter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        lock (_lock)
        {
            var chosen = _instances.Values.Select(i => i.Metadata)
                .Where(i => i.IsCompleted
                    && (filter.CreatedFrom is not { } from || i.CreatedAt >= from)
                    && (filter.CreatedTo is not { } to || i.CreatedAt < to)
                    && (filter.CompletedBefore is not { } before || i.CompletedAt < before)
                    && (filter.Statuses?.ToArray() is not { Length: > 0 } statuses || statuses.Contains(i.RuntimeStatus)))
                .Select(i => i.InstanceId)
                .ToArray();
            return Task.FromResult(chosen.Count(_instances.Remove));
        }
    }

    /// <inheritdoc/>
    public Task RewindAsync(string instanceId, ExecutionRewoundEvent message, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!Rewind(instanceId, null, message))
            {
                throw new InvalidOperationException($"The instance '{instanceId}' cannot be rewound: there is none, or it has not failed.");
            }
        }

        _work.Set();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<bool> SteerAsync(string instanceId, HistoryEvent message, DbTransaction? transaction, CancellationToken cancellationToken)
    {
        RefuseTransaction(transaction);
        lock (_lock)
        {
            if (!(message is ExecutionRewoundEvent rewound ? Rewind(instanceId, null, rewound) : Put(new OutboundMessage(instanceId, null, message))))
            {
                return Task.FromResult(false);
            }
        }

        _work.Set();
        return Task.FromResult(true);
    }

    /// <inheritdoc/>
    public Task<int> FireTimersAsync(
        string instanceId, IReadOnlyCollection<int> timerIds, bool givesUp, DateTime now, DbTransaction? transaction, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(timerIds);
        RefuseTransaction(transaction);
        var fired = 0;
        lock (_lock)
        {
            if (_instances.TryGetValue(instanceId, out var instance))
            {
                for (var index = 0; index < instance.Inbox.Count; index++)
                {
                    var (message, visibleAt) = instance.Inbox[index];
                    if (visibleAt > Now && message.Event is TimerFiredEvent timer && timerIds.Contains(timer.TimerId))
                    {
                        instance.Inbox[index] = (message with { Event = timer with { FireAt = now, Timestamp = now, GivesUp = givesUp } }, Now);
                        fired++;
                    }
                }
            }
        }

        _work.Set();
        return Task.FromResult(fired);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<string, DateTime>> FindNextTimersAsync(IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(instanceIds);
        lock (_lock)
        {
            var now = Now;
            return Task.FromResult<IReadOnlyDictionary<string, DateTime>>(instanceIds.Distinct(StringComparer.Ordinal).Where(_instances.ContainsKey)
                .Select(id => (Id: id, Timers: _instances[id].Inbox.Where(m => m.VisibleAt > now && m.Message.Event is TimerFiredEvent).Select(m => m.VisibleAt).ToArray()))
                .Where(i => i.Timers.Length > 0)
                .ToDictionary(i => i.Id, i => i.Timers.Min(), StringComparer.Ordinal));
        }
    }

    private static void RefuseTransaction(DbTransaction? transaction)
    {
        if (transaction is not null)
        {
            throw new NotSupportedException("The in-memory hub has no transactions.");
        }
    }

    /// <inheritdoc/>
    public Task QuarantineAsync(InstanceLease lease, string reason, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (Holds(lease))
            {
                var instance = _instances[lease.InstanceId];
                instance.AvailableAt = DateTime.MaxValue;
                instance.Metadata = instance.Metadata with { QuarantineReason = reason, LastUpdatedAt = Now };
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<bool> ReleaseQuarantinedAsync(string instanceId, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_instances.TryGetValue(instanceId, out var instance) || instance.Metadata.QuarantineReason is null)
            {
                return Task.FromResult(false);
            }

            // One attempt stays counted: that is how a worker knows to be careful.
            instance.Metadata = instance.Metadata with { QuarantineReason = null, LastUpdatedAt = Now };
            instance.AvailableAt = DateTime.MinValue;
            instance.Attempts = 1;
        }

        _work.Set();
        return Task.FromResult(true);
    }

    private bool Rewind(string instanceId, string? parentId, ExecutionRewoundEvent message)
    {
        if (!_instances.TryGetValue(instanceId, out var instance)
            || instance.Metadata.RuntimeStatus != OrchestrationRuntimeStatus.Failed
            || (parentId is not null && instance.Metadata.ParentInstanceId != parentId))
        {
            return false;
        }

        instance.Metadata = instance.Metadata with
        {
            RuntimeStatus = OrchestrationRuntimeStatus.Running,
            SerializedOutput = null,
            FailureDetails = null,
            CompletedAt = null,
            LastUpdatedAt = Now,
        };
        instance.AvailableAt = DateTime.MinValue;
        instance.Attempts = 0;
        _unfinished.Add(instance.Number, instance);
        return Put(new OutboundMessage(instanceId, null, message));
    }
}
