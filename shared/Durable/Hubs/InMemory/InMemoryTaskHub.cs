using System.Data.Common;
using Bibind.Durable.History;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Hubs.InMemory;

/// <summary>The task hub in memory, for unit tests: the same semantics under the same conformance suite, nothing kept.</summary>
public sealed partial class InMemoryTaskHub(TimeProvider? timeProvider = null) : ITaskHub
{
    private readonly TimeProvider _time = timeProvider ?? TimeProvider.System;
    private readonly Lock _lock = new();
    private readonly WorkSignal _work = new();
    private readonly Dictionary<string, Instance> _instances = new(StringComparer.Ordinal);
    // Looking for work costs what is there to be done, not what was done.
    private readonly SortedDictionary<long, Instance> _unfinished = [];
    private readonly Dictionary<Guid, Activity> _activities = [];
    private long _lastNumber;
    private long _lastMessageId;
    private long _lastToken;

    /// <inheritdoc/>
    public event Action<string>? InstanceEnded;

    private DateTime Now => _time.GetUtcNow().UtcDateTime;

    /// <inheritdoc/>
    public Task InitializeAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task CreateInstanceAsync(NewInstance instance, DbTransaction? transaction, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(instance);
        if (transaction is not null)
        {
            throw new NotSupportedException("The in-memory hub has no transactions.");
        }

        lock (_lock)
        {
            if (Create(instance) is { } inTheWay)
            {
                throw new OrchestrationAlreadyExistsException(instance.Started.InstanceId, inTheWay);
            }
        }

        _work.Set();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<bool> SendAsync(string instanceId, HistoryEvent message, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!Put(new OutboundMessage(instanceId, null, message)))
            {
                return Task.FromResult(false);
            }
        }

        _work.Set();
        return Task.FromResult(true);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<string, OrchestrationState>> GetInstancesAsync(
        IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult<IReadOnlyDictionary<string, OrchestrationState>>(
                instanceIds.Distinct(StringComparer.Ordinal).Where(_instances.ContainsKey).ToDictionary(id => id, id => _instances[id].Metadata, StringComparer.Ordinal));
        }
    }

    /// <inheritdoc/>
    public Task<OrchestrationPage> QueryAsync(HubQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        var size = Math.Clamp(query.PageSize, 1, 1000);
        lock (_lock)
        {
            var found = _instances.Values.Select(i => i.Metadata).Where(i => Matches(query, i));
            if (query.ContinuationToken is { } token)
            {
                var from = PageToken.Read(token);
                found = found.Where(i => Compare(i, from) < 0);
            }

            var page = found
                .OrderByDescending(i => i.CreatedAt)
                .ThenByDescending(i => i.InstanceId, StringComparer.Ordinal)
                .Take(size)
                .ToArray();
            return Task.FromResult(new OrchestrationPage(
                page, page.Length < size ? null : PageToken.Write(page[^1].CreatedAt.UtcDateTime, page[^1].InstanceId)));
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<HistoryEvent>> GetHistoryAsync(string instanceId, CancellationToken cancellationToken) =>
        (await LoadExecutionAsync(instanceId, cancellationToken)).History;

    /// <inheritdoc/>
    public Task<StoredExecution> LoadExecutionAsync(string instanceId, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult(_instances.TryGetValue(instanceId, out var instance)
                ? new StoredExecution(
                    instance.History.Count, [.. instance.History.SelectMany(h => h)], instance.Metadata.RuntimeStatus, instance.Metadata.SerializedCustomStatus)
                : new StoredExecution(0, [], OrchestrationRuntimeStatus.Pending, null));
        }
    }

    /// <inheritdoc/>
    public Task WaitForWorkAsync(TimeSpan limit, CancellationToken cancellationToken) => _work.WaitAsync(limit, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static int Compare(OrchestrationState instance, (DateTime CreatedAt, string InstanceId) other)
    {
        var byTime = instance.CreatedAt.UtcDateTime.CompareTo(other.CreatedAt);
        return byTime != 0 ? byTime : string.CompareOrdinal(instance.InstanceId, other.InstanceId);
    }

    private static bool Matches(HubQuery query, OrchestrationState i) =>
        (query.Statuses?.ToArray() is not { Length: > 0 } statuses || statuses.Contains(i.RuntimeStatus))
        && (string.IsNullOrEmpty(query.InstanceIdPrefix) || i.InstanceId.StartsWith(query.InstanceIdPrefix, StringComparison.Ordinal))
        && (query.Name is null || query.Name == i.Name)
        && (query.CreatedFrom is not { } from || i.CreatedAt >= from)
        && (query.CreatedTo is not { } to || i.CreatedAt < to)
        && (query.Quarantined is not { } isolated || isolated == (i.QuarantineReason is not null))
        && (query.Tag is not { } tag || (i.Tags.TryGetValue(tag.Key, out var value) && value == tag.Value));

    private OrchestrationRuntimeStatus? Create(NewInstance instance)
    {
        var started = instance.Started;
        if (_instances.TryGetValue(started.InstanceId, out var existing))
        {
            if (!existing.Metadata.IsCompleted || !instance.ReplaceableStatuses.Contains(existing.Metadata.RuntimeStatus))
            {
                return existing.Metadata.RuntimeStatus;
            }

            _instances.Remove(started.InstanceId);
        }

        var created = new Instance
        {
            Number = ++_lastNumber,
            StartsAt = started.ScheduledStartAt ?? DateTime.MinValue,
            Metadata = new OrchestrationState
            {
                InstanceId = started.InstanceId,
                ExecutionId = started.ExecutionId,
                Name = started.Name,
                Version = started.Version,
                RuntimeStatus = OrchestrationRuntimeStatus.Pending,
                CreatedAt = started.Timestamp,
                LastUpdatedAt = started.Timestamp,
                SerializedInput = started.Input,
                ParentInstanceId = started.Parent?.InstanceId,
                Tags = started.Tags ?? new Dictionary<string, string>(),
            },
        };
        _instances.Add(started.InstanceId, created);
        _unfinished.Add(created.Number, created);
        Put(new OutboundMessage(started.InstanceId, null, started));
        return null;
    }

    private bool Put(OutboundMessage message)
    {
        if (!_instances.TryGetValue(message.InstanceId, out var instance) || instance.Metadata.IsCompleted)
        {
            return false;
        }

        var visibleAt = message.VisibleAt ?? DateTime.MinValue;
        visibleAt = message.Event is ExecutionTerminatedEvent || instance.StartsAt < visibleAt ? visibleAt : instance.StartsAt;
        instance.Inbox.Add((new InboxMessage(++_lastMessageId, message.InstanceId, message.ExecutionId, message.Event), visibleAt));
        return true;
    }

    private sealed class Instance
    {
        /// <summary>Its place in the order of creation.</summary>
        public required long Number { get; init; }

        public required OrchestrationState Metadata { get; set; }

        public List<(InboxMessage Message, DateTime VisibleAt)> Inbox { get; } = [];

        public List<IReadOnlyList<HistoryEvent>> History { get; } = [];

        /// <summary>Nothing but a termination is visible before.</summary>
        public required DateTime StartsAt { get; init; }

        public long Token { get; set; }

        public bool IsLeased { get; set; }

        public long PreviousToken { get; set; }

        public int Attempts { get; set; }

        public DateTime AvailableAt { get; set; } = DateTime.MinValue;
    }

    private sealed class Activity
    {
        public required LeasedActivity Work { get; set; }

        public required string? Pool { get; init; }

        /// <summary>Available later because someone runs it, not because it was put off.</summary>
        public bool IsLeased { get; set; }

        public required DateTime AvailableAt { get; set; }
    }
}
