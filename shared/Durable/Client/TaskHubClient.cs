using System.Data.Common;
using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Bibind.Durable.Serialization;
using Bibind.Durable.Telemetry;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Client;

/// <summary>The Durable Task client of a hub in reach of this process. What the abstractions lack is in <see cref="ClientExtensions"/>.</summary>
public sealed class TaskHubClient : DurableTaskClient, ISteeringClient
{
    private static readonly OrchestrationRuntimeStatus[] Ended =
        [OrchestrationRuntimeStatus.Completed, OrchestrationRuntimeStatus.Failed, OrchestrationRuntimeStatus.Terminated];

    private static readonly TimeSpan StartPoll = TimeSpan.FromMilliseconds(50);
    private readonly CompletionWaiters _waiters;
    private readonly TimeProvider _time;
    private readonly Action _handedIn;

    /// <summary>A client of a hub.</summary>
    /// <param name="hub">The hub.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="handedIn">Called when work was handed in, if perhaps in a transaction that is still open.</param>
    public TaskHubClient(IHubManagement hub, TimeProvider? timeProvider = null, Action? handedIn = null)
        : base("postgres")
    {
        Hub = hub;
        _handedIn = handedIn ?? (static () => { });
        _waiters = new CompletionWaiters(hub);
        _time = timeProvider ?? TimeProvider.System;
    }

    internal IHubManagement Hub { get; }

    private DateTime Now => _time.GetUtcNow().UtcDateTime;

    /// <inheritdoc/>
    /// <exception cref="OrchestrationAlreadyExistsException">The id is taken.</exception>
    /// <exception cref="ArgumentException">The id is not allowed.</exception>
    public override async Task<string> ScheduleNewOrchestrationInstanceAsync(
        TaskName orchestratorName, object? input = null, StartOrchestrationOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(orchestratorName.Name, nameof(orchestratorName));
        var instanceId = options?.InstanceId ?? Guid.NewGuid().ToString("n");
        InstanceIds.Validate(instanceId);
        var (span, traceParent) = DurableTelemetry.Start(orchestratorName, instanceId);
        using var _ = span;
        var started = new ExecutionStartedEvent
        {
            Timestamp = Now,
            Name = orchestratorName,
            Version = options?.Version?.Version ?? string.Empty,
            Input = HubDataConverter.Default.Serialize(input),
            InstanceId = instanceId,
            ExecutionId = Guid.NewGuid().ToString("n"),
            Tags = options?.Tags is { Count: > 0 } tags ? tags : null,
            ScheduledStartAt = options?.StartAt?.UtcDateTime,
            TraceParent = traceParent,
        };
        await Hub.CreateInstanceAsync(new NewInstance(started, Replaceable(options)), (options as HubStartOptions)?.Transaction, cancellation);
        _handedIn();
        return instanceId;
    }

    /// <inheritdoc/>
    public override async Task<OrchestrationMetadata?> GetInstancesAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) =>
        (await this.GetStateAsync(instanceId, cancellation))?.ToMetadata(getInputsAndOutputs);

    /// <inheritdoc/>
    public override AsyncPageable<OrchestrationMetadata> GetAllInstancesAsync(OrchestrationQuery? filter = null)
    {
        var query = HubQuery.Of(filter ?? new OrchestrationQuery());
        return Pageable.Create(async (continuation, pageSize, cancellation) =>
        {
            var page = await Hub.QueryAsync(
                query with { ContinuationToken = continuation ?? query.ContinuationToken, PageSize = pageSize ?? query.PageSize }, cancellation);
            return new Page<OrchestrationMetadata>([.. page.Instances.Select(i => i.ToMetadata(query.FetchInputsAndOutputs))], page.ContinuationToken);
        });
    }

    /// <inheritdoc/>
    public override async Task<IList<DurableTask.Core.History.HistoryEvent>> GetOrchestrationHistoryAsync(
        string instanceId, CancellationToken cancellation = default) =>
        CoreHistory.From(await Hub.GetHistoryAsync(instanceId, cancellation));

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">There is no such instance.</exception>
    public override async Task<OrchestrationMetadata> WaitForInstanceStartAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default)
    {
        while (true)
        {
            var state = await this.GetStateAsync(instanceId, cancellation)
                ?? throw new InvalidOperationException($"There is no orchestration instance '{instanceId}'.");
            if (state.RuntimeStatus != OrchestrationRuntimeStatus.Pending)
            {
                return state.ToMetadata(getInputsAndOutputs);
            }

            await Task.Delay(StartPoll, _time, cancellation);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">There is no such instance.</exception>
    public override async Task<OrchestrationMetadata> WaitForInstanceCompletionAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) =>
        (await WaitAsync(instanceId, cancellation)).ToMetadata(getInputsAndOutputs);

    /// <summary>Raises an event. An event for an instance that does not exist or has ended is dropped.</summary>
    public override Task RaiseEventAsync(string instanceId, string eventName, object? eventPayload = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(eventName);
        return SendAsync(
            instanceId, new EventRaisedEvent { Timestamp = Now, Name = eventName, Input = HubDataConverter.Default.Serialize(eventPayload) }, cancellation);
    }

    /// <summary>Buffers everything but resume and terminate until resumed.</summary>
    public override Task SuspendInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) =>
        SendAsync(instanceId, new ExecutionSuspendedEvent { Timestamp = Now, Reason = Clean(reason) }, cancellation);

    /// <inheritdoc/>
    public override Task ResumeInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) =>
        SendAsync(instanceId, new ExecutionResumedEvent { Timestamp = Now, Reason = Clean(reason) }, cancellation);

    /// <summary>Ends the instance with an output; recursively its children too. A text is shown as it is, anything else as JSON.</summary>
    public override Task TerminateInstanceAsync(string instanceId, TerminateInstanceOptions? options = null, CancellationToken cancellation = default)
    {
        var output = options?.Output as string ?? HubDataConverter.Default.Serialize(options?.Output);
        return SendAsync(
            instanceId, new ExecutionTerminatedEvent { Timestamp = Now, Input = Clean(output), Recurse = options?.Recursive ?? false }, cancellation);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">It has not ended.</exception>
    /// <exception cref="NotSupportedException">Its children are to be purged with it.</exception>
    public override async Task<PurgeResult> PurgeInstanceAsync(
        string instanceId, PurgeInstanceOptions? options = null, CancellationToken cancellation = default)
    {
        RefuseRecursion(options);
        return new PurgeResult(await Hub.PurgeAsync(instanceId, cancellation) ? 1 : 0, isComplete: true);
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Their children are to be purged with them.</exception>
    public override async Task<PurgeResult> PurgeAllInstancesAsync(
        PurgeInstancesFilter filter, PurgeInstanceOptions? options = null, CancellationToken cancellation = default)
    {
        RefuseRecursion(options);
        return new PurgeResult(await Hub.PurgeAsync(HubPurgeFilter.Of(filter), cancellation), isComplete: true);
    }

    /// <summary>
    /// Puts a failed instance back to before its failures: what failed is asked again, what succeeded is kept. A failure
    /// that the orchestrator had answered with further actions stays, for its answer is history.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no such instance, or it has not failed.</exception>
    public override async Task RewindInstanceAsync(string instanceId, string? reason, CancellationToken cancellation = default)
    {
        await Hub.RewindAsync(instanceId, new ExecutionRewoundEvent { Timestamp = Now, Reason = Clean(reason) }, cancellation);
        _handedIn();
    }

    /// <summary>Starts an ended instance's orchestrator again with the same input, version and tags.</summary>
    /// <exception cref="ArgumentException">There is no such instance.</exception>
    /// <exception cref="OrchestrationAlreadyExistsException">It has not ended, and no new id is wanted.</exception>
    public override async Task<string> RestartAsync(
        string instanceId, bool restartWithNewInstanceId = false, CancellationToken cancellation = default)
    {
        var state = await this.GetStateAsync(instanceId, cancellation)
            ?? throw new ArgumentException($"There is no orchestration instance '{instanceId}'.", nameof(instanceId));
        var input = state.SerializedInput is { } text ? System.Text.Json.JsonDocument.Parse(text).RootElement : (object?)null;
        return await ScheduleNewOrchestrationInstanceAsync(
            state.Name,
            input,
            new HubStartOptions
            {
                InstanceId = restartWithNewInstanceId ? null : instanceId,
                Version = state.Version,
                Tags = state.Tags,
                ReplaceableStatuses = Ended,
            },
            cancellation);
    }

    /// <inheritdoc/>
    public async Task<bool> SteerAsync(string instanceId, Steering steering, DbTransaction? transaction, CancellationToken cancellation)
    {
        var isTaken = steering switch
        {
            Steering.FireTimers fire => await FireAsync(fire.Timers, givesUp: false),
            Steering.GiveUp giveUp => await FireAsync(giveUp.Timers, givesUp: true),
            Steering.Terminate end => await SteerAsync(new ExecutionTerminatedEvent { Timestamp = Now, Input = Clean(end.Reason), Recurse = true }),
            Steering.Suspend suspend => await SteerAsync(new ExecutionSuspendedEvent { Timestamp = Now, Reason = Clean(suspend.Reason) }),
            Steering.Resume resume => await SteerAsync(new ExecutionResumedEvent { Timestamp = Now, Reason = Clean(resume.Reason) }),
            Steering.Rewind rewind => await SteerAsync(new ExecutionRewoundEvent { Timestamp = Now, Reason = Clean(rewind.Reason) }),
            _ => throw new ArgumentOutOfRangeException(nameof(steering), steering, "No such word."),
        };
        _handedIn();
        return isTaken;

        async Task<bool> FireAsync(IReadOnlyList<WaitingTimer> timers, bool givesUp) =>
            await Hub.FireTimersAsync(instanceId, [.. timers.Select(t => t.TimerId)], givesUp, Now, transaction, cancellation) > 0;

        Task<bool> SteerAsync(HistoryEvent message) => Hub.SteerAsync(instanceId, message, transaction, cancellation);
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        _waiters.Dispose();
        return ValueTask.CompletedTask;
    }

    internal Task<OrchestrationState> WaitAsync(string instanceId, CancellationToken cancellation) => _waiters.WaitAsync(instanceId, cancellation);

    internal async Task<bool> ReleaseAsync(string instanceId, CancellationToken cancellation)
    {
        var released = await Hub.ReleaseQuarantinedAsync(instanceId, cancellation);
        _handedIn();
        return released;
    }

    private static IReadOnlyCollection<OrchestrationRuntimeStatus> Replaceable(StartOrchestrationOptions? options) => options switch
    {
        HubStartOptions { ReplaceableStatuses: { Count: > 0 } replaceable } => replaceable,
        { DedupeStatuses: { } kept } => [.. Ended.Where(e => !kept.Contains(e.ToString(), StringComparer.OrdinalIgnoreCase))],
        _ => [],
    };

    private static void RefuseRecursion(PurgeInstanceOptions? options)
    {
        if (options is { Recursive: true })
        {
            throw new NotSupportedException("This hub purges children only by their own ids, or by a filter.");
        }
    }

    private async Task SendAsync(string instanceId, HistoryEvent message, CancellationToken cancellation)
    {
        await Hub.SendAsync(instanceId, message, cancellation);
        _handedIn();
    }

    // Reasons are stored as raw text, in which PostgreSQL allows no NUL.
    private static string? Clean(string? reason) => reason?.Replace("\0", string.Empty, StringComparison.Ordinal);
}
