using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Bibind.Durable.Serialization;

namespace Bibind.Durable;

/// <summary>The client of a hub in reach of this process.</summary>
public sealed class TaskHubClient : DurableTaskClient
{
    private readonly ITaskHub _hub;
    private readonly CompletionWaiters _waiters;
    private readonly TimeProvider _time;
    private readonly Action _handedIn;

    /// <summary>A client of a hub.</summary>
    /// <param name="hub">The hub.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="handedIn">Called when work was handed in, if perhaps in a transaction that is still open.</param>
    public TaskHubClient(ITaskHub hub, TimeProvider? timeProvider = null, Action? handedIn = null)
    {
        _hub = hub;
        _handedIn = handedIn ?? (static () => { });
        _waiters = new CompletionWaiters(hub);
        _time = timeProvider ?? TimeProvider.System;
    }

    private DateTime Now => _time.GetUtcNow().UtcDateTime;

    /// <inheritdoc/>
    public override async Task<string> ScheduleNewOrchestrationInstanceAsync(
        string orchestratorName, object? input = null, StartOrchestrationOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(orchestratorName);
        var instanceId = options?.InstanceId ?? Guid.NewGuid().ToString("n");
        InstanceIds.Validate(instanceId);
        var (span, traceParent) = DurableTelemetry.Start(orchestratorName, instanceId);
        using var _ = span;
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
            TraceParent = traceParent,
        };
        await _hub.CreateInstanceAsync(new NewInstance(started, options?.ReplaceableStatuses ?? []), options?.Transaction, cancellation);
        _handedIn();
        return instanceId;
    }

    /// <inheritdoc/>
    public override async Task<OrchestrationMetadata?> GetInstanceAsync(string instanceId, CancellationToken cancellation = default) =>
        (await _hub.GetInstancesAsync([instanceId], cancellation)).GetValueOrDefault(instanceId);

    /// <inheritdoc/>
    public override Task<IReadOnlyDictionary<string, OrchestrationMetadata>> GetInstancesAsync(
        IReadOnlyCollection<string> instanceIds, CancellationToken cancellation = default) => _hub.GetInstancesAsync(instanceIds, cancellation);

    /// <inheritdoc/>
    public override Task<IReadOnlyList<HistoryEvent>> GetHistoryAsync(string instanceId, CancellationToken cancellation = default) =>
        _hub.GetHistoryAsync(instanceId, cancellation);

    /// <inheritdoc/>
    public override Task<OrchestrationPage> QueryInstancesAsync(OrchestrationQuery query, CancellationToken cancellation = default) =>
        _hub.QueryAsync(query, cancellation);

    /// <inheritdoc/>
    public override Task<OrchestrationMetadata> WaitForInstanceCompletionAsync(string instanceId, CancellationToken cancellation = default) =>
        _waiters.WaitAsync(instanceId, cancellation);

    /// <inheritdoc/>
    public override Task RaiseEventAsync(string instanceId, string eventName, object? eventPayload = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(eventName);
        return SendAsync(
            instanceId, new EventRaisedEvent { Timestamp = Now, Name = eventName, Input = DataConverter.Default.Serialize(eventPayload) }, cancellation);
    }

    /// <inheritdoc/>
    public override Task SuspendInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) =>
        SendAsync(instanceId, new ExecutionSuspendedEvent { Timestamp = Now, Reason = Clean(reason) }, cancellation);

    /// <inheritdoc/>
    public override Task ResumeInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) =>
        SendAsync(instanceId, new ExecutionResumedEvent { Timestamp = Now, Reason = Clean(reason) }, cancellation);

    /// <inheritdoc/>
    public override Task TerminateInstanceAsync(string instanceId, string? reason = null, bool recursive = false, CancellationToken cancellation = default) =>
        SendAsync(instanceId, new ExecutionTerminatedEvent { Timestamp = Now, Input = Clean(reason), Recurse = recursive }, cancellation);

    /// <inheritdoc/>
    public override Task<bool> PurgeInstanceAsync(string instanceId, CancellationToken cancellation = default) => _hub.PurgeAsync(instanceId, cancellation);

    /// <inheritdoc/>
    public override Task<int> PurgeInstancesAsync(PurgeInstancesFilter filter, CancellationToken cancellation = default) => _hub.PurgeAsync(filter, cancellation);

    /// <inheritdoc/>
    public override async Task RewindInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default)
    {
        await _hub.RewindAsync(instanceId, new ExecutionRewoundEvent { Timestamp = Now, Reason = Clean(reason) }, cancellation);
        _handedIn();
    }

    /// <inheritdoc/>
    public override async Task<bool> ReleaseIsolatedAsync(string instanceId, CancellationToken cancellation = default)
    {
        var released = await _hub.ReleaseIsolatedAsync(instanceId, cancellation);
        _handedIn();
        return released;
    }

    private async Task SendAsync(string instanceId, HistoryEvent message, CancellationToken cancellation)
    {
        await _hub.SendAsync(instanceId, message, cancellation);
        _handedIn();
    }

    // Reasons are stored as raw text, in which PostgreSQL allows no NUL.
    private static string? Clean(string? reason) => reason?.Replace("\0", string.Empty, StringComparison.Ordinal);
}
