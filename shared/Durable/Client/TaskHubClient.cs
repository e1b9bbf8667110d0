using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Bibind.Durable.Serialization;

namespace Bibind.Durable;

/// <summary>The client of a hub in reach of this process.</summary>
public sealed class TaskHubClient(ITaskHub hub, TimeProvider? timeProvider = null) : DurableTaskClient
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(250);
    private readonly TimeProvider _time = timeProvider ?? TimeProvider.System;

    private DateTime Now => _time.GetUtcNow().UtcDateTime;

    /// <inheritdoc/>
    public override async Task<string> ScheduleNewOrchestrationInstanceAsync(
        string orchestratorName, object? input = null, StartOrchestrationOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(orchestratorName);
        var instanceId = options?.InstanceId ?? Guid.NewGuid().ToString("n");
        InstanceIds.Validate(instanceId);
        var started = new ExecutionStartedEvent
        {
            Timestamp = Now,
            Name = orchestratorName,
            Version = options?.Version ?? string.Empty,
            Input = DataConverter.Default.Serialize(input),
            InstanceId = instanceId,
            ExecutionId = Guid.NewGuid().ToString("n"),
            Tags = options?.Tags,
            ScheduledStartAt = options?.StartAt?.UtcDateTime,
            TraceParent = System.Diagnostics.Activity.Current?.Id,
        };
        await hub.CreateInstanceAsync(new NewInstance(started, options?.ReplaceableStatuses ?? []), options?.Transaction, cancellation);
        return instanceId;
    }

    /// <inheritdoc/>
    public override async Task<OrchestrationMetadata?> GetInstanceAsync(string instanceId, CancellationToken cancellation = default) =>
        (await hub.GetInstancesAsync([instanceId], cancellation)).GetValueOrDefault(instanceId);

    /// <inheritdoc/>
    public override Task<IReadOnlyDictionary<string, OrchestrationMetadata>> GetInstancesAsync(
        IReadOnlyCollection<string> instanceIds, CancellationToken cancellation = default) => hub.GetInstancesAsync(instanceIds, cancellation);

    /// <inheritdoc/>
    public override Task<IReadOnlyList<HistoryEvent>> GetHistoryAsync(string instanceId, CancellationToken cancellation = default) =>
        hub.GetHistoryAsync(instanceId, cancellation);

    /// <inheritdoc/>
    public override Task<OrchestrationPage> QueryInstancesAsync(OrchestrationQuery query, CancellationToken cancellation = default) =>
        hub.QueryAsync(query, cancellation);

    /// <inheritdoc/>
    public override async Task<OrchestrationMetadata> WaitForInstanceCompletionAsync(string instanceId, CancellationToken cancellation = default)
    {
        var ended = new SemaphoreSlim(0);
        void OnEnded(string id)
        {
            if (id == instanceId)
            {
                ended.Release();
            }
        }

        hub.InstanceEnded += OnEnded;
        try
        {
            for (var wait = TimeSpan.FromMilliseconds(5); ; wait = wait * 2 < LongestWait ? wait * 2 : LongestWait)
            {
                var instance = await GetInstanceAsync(instanceId, cancellation)
                    ?? throw new InvalidOperationException($"There is no orchestration instance '{instanceId}'.");
                if (instance.IsCompleted)
                {
                    return instance;
                }

                await ended.WaitAsync(wait, cancellation);
            }
        }
        finally
        {
            // Not disposed: the hub may be raising the event on another thread at this instant.
            hub.InstanceEnded -= OnEnded;
        }
    }

    /// <inheritdoc/>
    public override Task RaiseEventAsync(string instanceId, string eventName, object? eventPayload = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(eventName);
        return hub.SendAsync(
            instanceId, new EventRaisedEvent { Timestamp = Now, Name = eventName, Input = DataConverter.Default.Serialize(eventPayload) }, cancellation);
    }

    /// <inheritdoc/>
    public override Task SuspendInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) =>
        hub.SendAsync(instanceId, new ExecutionSuspendedEvent { Timestamp = Now, Reason = Clean(reason) }, cancellation);

    /// <inheritdoc/>
    public override Task ResumeInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) =>
        hub.SendAsync(instanceId, new ExecutionResumedEvent { Timestamp = Now, Reason = Clean(reason) }, cancellation);

    /// <inheritdoc/>
    public override Task TerminateInstanceAsync(string instanceId, string? reason = null, bool recursive = false, CancellationToken cancellation = default) =>
        hub.SendAsync(instanceId, new ExecutionTerminatedEvent { Timestamp = Now, Input = Clean(reason), Recurse = recursive }, cancellation);

    /// <inheritdoc/>
    public override Task<bool> PurgeInstanceAsync(string instanceId, CancellationToken cancellation = default) => hub.PurgeAsync(instanceId, cancellation);

    /// <inheritdoc/>
    public override Task<int> PurgeInstancesAsync(PurgeInstancesFilter filter, CancellationToken cancellation = default) => hub.PurgeAsync(filter, cancellation);

    /// <inheritdoc/>
    public override Task RewindInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) =>
        hub.RewindAsync(instanceId, new ExecutionRewoundEvent { Timestamp = Now, Reason = Clean(reason) }, cancellation);

    /// <inheritdoc/>
    public override Task<bool> ReleaseIsolatedAsync(string instanceId, CancellationToken cancellation = default) =>
        hub.ReleaseIsolatedAsync(instanceId, cancellation);

    // Reasons are stored as raw text, in which PostgreSQL allows no NUL.
    private static string? Clean(string? reason) => reason?.Replace("\0", string.Empty, StringComparison.Ordinal);
}
