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
