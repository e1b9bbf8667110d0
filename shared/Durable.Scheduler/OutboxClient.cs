using System.Data.Common;
using System.Text.Json;
using Bibind.Durable.Client;
using Bibind.Durable.Serialization;
using Grpc.Core;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Scheduler;

/// <summary>
/// The client of an engine that does not live in the caller's database. What is started in a transaction of the caller's goes through the
/// outbox: until it is delivered, the instance is seen as pending, and what is sent to it waits behind it.
/// </summary>
/// <param name="host">Talks to the engine.</param>
/// <param name="outbox">Keeps what a transaction hands in.</param>
/// <param name="time">The clock.</param>
public sealed class OutboxClient(DurableTaskClient host, IOrchestrationOutbox outbox, TimeProvider time) : DurableTaskClient("outbox"), ISteeringClient
{
    private static readonly TimeSpan DeliveryPoll = TimeSpan.FromMilliseconds(100);

    /// <inheritdoc/>
    /// <exception cref="Bibind.Durable.OrchestrationAlreadyExistsException">The id is taken.</exception>
    /// <exception cref="ArgumentException">The id is not allowed.</exception>
    /// <exception cref="NotSupportedException">A start in a transaction is to replace an instance: a second delivery would do so again.</exception>
    public override async Task<string> ScheduleNewOrchestrationInstanceAsync(
        TaskName orchestratorName, object? input = null, StartOrchestrationOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(orchestratorName.Name, nameof(orchestratorName));
        var instanceId = options?.InstanceId ?? Guid.NewGuid().ToString("n");
        InstanceIds.Validate(instanceId);
        if (options is not HubStartOptions { Transaction: { } transaction })
        {
            return await StartAsync(orchestratorName, input, Kept(options, instanceId), cancellation);
        }

        if (options is HubStartOptions { ReplaceableStatuses.Count: > 0 } || options.DedupeStatuses is not null)
        {
            throw new NotSupportedException("On this engine an instance that is started in a transaction cannot replace another.");
        }

        var start = new OutboxMessage
        {
            Kind = OutboxKind.Start,
            InstanceId = instanceId,
            Name = orchestratorName.Name,
            Version = options.Version?.Version ?? string.Empty,
            Payload = HubDataConverter.Default.Serialize(input),
            Tags = options.Tags,
            StartAt = options.StartAt,
            CreatedAt = time.GetUtcNow(),
        };
        await outbox.AddStartAsync(start, transaction, cancellation);
        return instanceId;
    }

    /// <inheritdoc/>
    public override async Task<OrchestrationMetadata?> GetInstancesAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default)
    {
        if (await host.GetInstancesAsync(instanceId, getInputsAndOutputs, cancellation) is { } found)
        {
            return found;
        }

        // What is in neither place may have been delivered between the two looks.
        var waiting = await outbox.FindStartsAsync([instanceId], cancellation);
        return waiting.TryGetValue(instanceId, out var start)
            ? Pending(start, getInputsAndOutputs)
            : await host.GetInstancesAsync(instanceId, getInputsAndOutputs, cancellation);
    }

    /// <summary>The instances of the engine; those whose start waits for delivery are not among them.</summary>
    public override AsyncPageable<OrchestrationMetadata> GetAllInstancesAsync(OrchestrationQuery? filter = null) => host.GetAllInstancesAsync(filter);

    /// <inheritdoc/>
    public override Task<IList<global::DurableTask.Core.History.HistoryEvent>> GetOrchestrationHistoryAsync(
        string instanceId, CancellationToken cancellation = default) => host.GetOrchestrationHistoryAsync(instanceId, cancellation);

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">There is no such instance.</exception>
    public override async Task<OrchestrationMetadata> WaitForInstanceStartAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default)
    {
        await IsDeliveredAsync(instanceId, cancellation);
        return await host.WaitForInstanceStartAsync(instanceId, getInputsAndOutputs, cancellation);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">There is no such instance.</exception>
    public override async Task<OrchestrationMetadata> WaitForInstanceCompletionAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default)
    {
        await IsDeliveredAsync(instanceId, cancellation);
        return await host.WaitForInstanceCompletionAsync(instanceId, getInputsAndOutputs, cancellation);
    }

    /// <summary>Raises an event. An event for an instance that does not exist or has ended is dropped.</summary>
    public override Task RaiseEventAsync(string instanceId, string eventName, object? eventPayload = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(eventName);
        return SendAsync(
            new OutboxMessage
            {
                Kind = OutboxKind.Event,
                InstanceId = instanceId,
                Name = eventName,
                Payload = HubDataConverter.Default.Serialize(eventPayload),
                CreatedAt = time.GetUtcNow(),
            },
            cancellation);
    }

    /// <inheritdoc/>
    public override Task TerminateInstanceAsync(string instanceId, TerminateInstanceOptions? options = null, CancellationToken cancellation = default) =>
        SendAsync(
            new OutboxMessage
            {
                Kind = OutboxKind.Terminate,
                InstanceId = instanceId,
                Payload = HubDataConverter.Default.Serialize(options?.Output),
                Recursive = options?.Recursive ?? false,
                CreatedAt = time.GetUtcNow(),
            },
            cancellation);

    /// <inheritdoc/>
    public override Task SuspendInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) =>
        SendAsync(new OutboxMessage { Kind = OutboxKind.Suspend, InstanceId = instanceId, Payload = reason, CreatedAt = time.GetUtcNow() }, cancellation);

    /// <inheritdoc/>
    public override Task ResumeInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) =>
        SendAsync(new OutboxMessage { Kind = OutboxKind.Resume, InstanceId = instanceId, Payload = reason, CreatedAt = time.GetUtcNow() }, cancellation);

    /// <inheritdoc/>
    public async Task<bool> SteerAsync(string instanceId, Steering steering, DbTransaction? transaction, CancellationToken cancellation)
    {
        var message = new OutboxMessage { Kind = OutboxKind.Event, InstanceId = instanceId, CreatedAt = time.GetUtcNow() };
        message = steering switch
        {
            Steering.Terminate end => message with { Kind = OutboxKind.Terminate, Payload = HubDataConverter.Default.Serialize(end.Reason), Recursive = true },
            Steering.Suspend suspend => message with { Kind = OutboxKind.Suspend, Payload = suspend.Reason },
            Steering.Resume resume => message with { Kind = OutboxKind.Resume, Payload = resume.Reason },
            Steering.Rewind rewind => message with { Kind = OutboxKind.Rewind, Payload = rewind.Reason },
            Steering.FireTimers fire => message with { Kind = OutboxKind.FireTimers, Payload = HubDataConverter.Default.Serialize(fire.Timers) },
            Steering.GiveUp giveUp => message with { Kind = OutboxKind.GiveUp, Payload = HubDataConverter.Default.Serialize(giveUp.Timers) },
            _ => throw new ArgumentOutOfRangeException(nameof(steering), steering, "No such word."),
        };
        await (transaction is null ? SendAsync(message, cancellation) : outbox.AddAsync(message, transaction, cancellation));
        return true;
    }

    /// <inheritdoc/>
    public override Task<PurgeResult> PurgeInstanceAsync(string instanceId, PurgeInstanceOptions? options = null, CancellationToken cancellation = default) =>
        host.PurgeInstanceAsync(instanceId, options, cancellation);

    /// <inheritdoc/>
    public override Task<PurgeResult> PurgeAllInstancesAsync(
        PurgeInstancesFilter filter, PurgeInstanceOptions? options = null, CancellationToken cancellation = default) =>
        filter is HubPurgeFilter { CompletedBefore: not null }
            ? throw new NotSupportedException("This engine purges by the time of creation, not by that of the end.")
            : host.PurgeAllInstancesAsync(filter, options, cancellation);

    /// <inheritdoc/>
    public override Task RewindInstanceAsync(string instanceId, string reason, CancellationToken cancellation = default) =>
        host.RewindInstanceAsync(instanceId, reason, cancellation);

    /// <inheritdoc/>
    public override Task<string> RestartAsync(string instanceId, bool restartWithNewInstanceId = false, CancellationToken cancellation = default) =>
        host.RestartAsync(instanceId, restartWithNewInstanceId, cancellation);

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => host.DisposeAsync();

    /// <summary>Delivers what the outbox kept. A start whose id is taken was delivered before.</summary>
    internal async Task DeliverAsync(OutboxMessage message, CancellationToken cancellation)
    {
        if (message.Kind != OutboxKind.Start)
        {
            await SendNowAsync(message, cancellation);
            return;
        }

        var options = new StartOrchestrationOptions(message.InstanceId, message.StartAt)
        {
            Version = message.Version.Length == 0 ? null : new TaskVersion(message.Version),
            Tags = message.Tags,
        };
        try
        {
            await StartAsync(message.Name, Json(message.Payload), Kept(options, message.InstanceId), cancellation);
        }
        catch (OrchestrationAlreadyExistsException)
        {
        }
    }

    private async Task<string> StartAsync(TaskName name, object? input, StartOrchestrationOptions options, CancellationToken cancellation)
    {
        try
        {
            return await host.ScheduleNewOrchestrationInstanceAsync(name, input, options, cancellation);
        }
        catch (global::DurableTask.Core.Exceptions.OrchestrationAlreadyExistsException)
        {
            var there = await host.GetInstancesAsync(options.InstanceId!, getInputsAndOutputs: false, cancellation);
            throw new OrchestrationAlreadyExistsException(options.InstanceId!, there?.RuntimeStatus ?? OrchestrationRuntimeStatus.Pending);
        }
    }

    // Without a word about it, hosts differ in what they replace.
    private static StartOrchestrationOptions Kept(StartOrchestrationOptions? options, string instanceId)
    {
        IEnumerable<OrchestrationRuntimeStatus> replaceable = (options as HubStartOptions)?.ReplaceableStatuses ?? [];
        return new StartOrchestrationOptions(instanceId, options?.StartAt)
        {
            Version = options?.Version,
            Tags = options?.Tags ?? new Dictionary<string, string>(),
            DedupeStatuses = options?.DedupeStatuses
                ?? [.. StartOrchestrationOptionsExtensions.ValidDedupeStatuses.Except(replaceable).Select(s => s.ToString())],
        };
    }

    private static OrchestrationMetadata Pending(OutboxMessage start, bool withTexts) => new(start.Name, start.InstanceId)
    {
        RuntimeStatus = OrchestrationRuntimeStatus.Pending,
        CreatedAt = start.CreatedAt,
        LastUpdatedAt = start.CreatedAt,
        SerializedInput = withTexts ? start.Payload : null,
        Tags = start.Tags,
        DataConverter = withTexts ? HubDataConverter.Default : null,
    };

    private static JsonElement? Json(string? text) => text is null ? null : JsonElement.Parse(text);

    private async Task IsDeliveredAsync(string instanceId, CancellationToken cancellation)
    {
        while (await host.GetInstancesAsync(instanceId, getInputsAndOutputs: false, cancellation) is null)
        {
            if (await GetInstancesAsync(instanceId, getInputsAndOutputs: false, cancellation) is null)
            {
                throw new InvalidOperationException($"There is no orchestration instance '{instanceId}'.");
            }

            await Task.Delay(DeliveryPoll, time, cancellation);
        }
    }

    private async Task SendAsync(OutboxMessage message, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(message.InstanceId);
        if (!await outbox.TryAddBehindAsync(message, cancellation))
        {
            await SendNowAsync(message, cancellation);
        }
    }

    private async Task SendNowAsync(OutboxMessage message, CancellationToken cancellation)
    {
        try
        {
            await (message.Kind switch
            {
                OutboxKind.Event => host.RaiseEventAsync(message.InstanceId, message.Name, Json(message.Payload), cancellation),
                OutboxKind.Terminate => host.TerminateInstanceAsync(
                    message.InstanceId, new TerminateInstanceOptions(Json(message.Payload), message.Recursive), cancellation),
                OutboxKind.Suspend => host.SuspendInstanceAsync(message.InstanceId, message.Payload, cancellation),
                OutboxKind.Resume => host.ResumeInstanceAsync(message.InstanceId, message.Payload, cancellation),
                OutboxKind.Rewind => host.RewindInstanceAsync(message.InstanceId, message.Payload ?? string.Empty, cancellation),
                OutboxKind.FireTimers => TellAsync(message, WaitingTimer.FireEvent, timers => new Steering.FireTimers(timers), cancellation),
                OutboxKind.GiveUp => TellAsync(message, WaitingTimer.GiveUpEvent, timers => new Steering.GiveUp(timers), cancellation),
                _ => throw new ArgumentOutOfRangeException(nameof(message), message.Kind, "No such message."),
            });
        }
        catch (RpcException gone) when (gone.StatusCode is StatusCode.NotFound or StatusCode.FailedPrecondition)
        {
            // The instance does not exist, or has ended: such a message is dropped, as on every engine.
        }
        catch (Exception gone) when (message.Kind == OutboxKind.Rewind && gone is ArgumentException or InvalidOperationException)
        {
            // It has not failed, or was rewound by an earlier delivery.
        }
    }

    // The protocol knows no such thing, so our orchestrators' context listens for an event.
    private Task TellAsync(OutboxMessage message, string eventName, Func<WaitingTimer[], Steering> word, CancellationToken cancellation) => host is ISteeringClient ours
        ? ours.SteerAsync(message.InstanceId, word(HubDataConverter.Default.Deserialize<WaitingTimer[]>(message.Payload)!), null, cancellation)
        : host.RaiseEventAsync(message.InstanceId, eventName, Json(message.Payload), cancellation);
}
