using System.Collections.Concurrent;
using DurableTask.Core;
using Grpc.Core;
using Microsoft.DurableTask.Testing.Sidecar;
using Microsoft.DurableTask.Testing.Sidecar.Grpc;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Core = DurableTask.Core.History;
using P = Microsoft.DurableTask.Protobuf;

namespace Bibind.SchedulerHost;

/// <summary>What goes wrong on the way to workers; 0 for never.</summary>
/// <param name="DropAfter">A stream ends after so many items.</param>
/// <param name="DuplicateEvery">Every so manieth item is delivered twice.</param>
internal sealed record Faults(int DropAfter, int DuplicateEvery);

/// <summary>The task hubs, made when they are first named.</summary>
internal sealed class TaskHubs(IHostApplicationLifetime lifetime, ILoggerFactory loggers, Faults faults)
{
    private readonly ConcurrentDictionary<string, Lazy<TaskHub>> _hubs = new(StringComparer.Ordinal);

    public TaskHub Of(ServerCallContext call)
    {
        var name = call.RequestHeaders.GetValue("taskhub")
            ?? throw new RpcException(new Status(StatusCode.InvalidArgument, "The call names no task hub."));
        if (call.RequestHeaders.GetValue("x-user-agent") is null)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, "The caller does not say what it is."));
        }

        return _hubs.GetOrAdd(name, _ => new Lazy<TaskHub>(() => new TaskHub(lifetime, loggers, new RecordingService(), faults))).Value;
    }
}

/// <summary>The in-memory hub, which keeps every history for its readers.</summary>
internal sealed class RecordingService : InMemoryOrchestrationService, IOrchestrationService
{
    private readonly ConcurrentDictionary<string, IReadOnlyList<Core.HistoryEvent>> _histories = new(StringComparer.OrdinalIgnoreCase);

    public IEnumerable<P.HistoryEvent>? HistoryOf(string instanceId) =>
        _histories.TryGetValue(instanceId, out var history) ? history.Select(ProtobufUtils.ToHistoryEventProto) : null;

    Task IOrchestrationService.CompleteTaskOrchestrationWorkItemAsync(
        TaskOrchestrationWorkItem workItem, OrchestrationRuntimeState newOrchestrationRuntimeState, IList<TaskMessage> outboundMessages,
        IList<TaskMessage> orchestratorMessages, IList<TaskMessage> timerMessages, TaskMessage continuedAsNewMessage, OrchestrationState orchestrationState)
    {
        _histories[workItem.InstanceId] = [.. newOrchestrationRuntimeState.Events];
        return CompleteTaskOrchestrationWorkItemAsync(
            workItem, newOrchestrationRuntimeState, outboundMessages, orchestratorMessages, timerMessages, continuedAsNewMessage, orchestrationState);
    }
}

/// <summary>
/// One task hub: the framework's server, which knows one worker that never leaves, before a delivery to any number of workers that come
/// and go. What a worker took and did not answer is delivered again when its stream ends; a second answer is refused.
/// </summary>
internal sealed class TaskHub : TaskHubGrpcServer, IServerStreamWriter<P.WorkItem>
{
    private static readonly TimeSpan AbandonedDelay = TimeSpan.FromMilliseconds(200);
    private readonly Delivery _delivery;
    private readonly RecordingService _service;

    public TaskHub(IHostApplicationLifetime lifetime, ILoggerFactory loggers, RecordingService service, Faults faults)
        : base(lifetime, loggers, service, service, Options.Create(new TaskHubGrpcServerOptions()))
    {
        _service = service;
        _delivery = new Delivery(faults);
        _ = base.GetWorkItems(new P.GetWorkItemsRequest(), this, new EndlessCall(lifetime.ApplicationStopping));
    }

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(P.WorkItem message)
    {
        _delivery.Add(message);
        return Task.CompletedTask;
    }

    public override Task GetWorkItems(P.GetWorkItemsRequest request, IServerStreamWriter<P.WorkItem> responseStream, ServerCallContext context) =>
        context.RequestHeaders.GetValue("workerid") is null
            ? throw new RpcException(new Status(StatusCode.InvalidArgument, "The worker does not say who it is."))
            : _delivery.ServeAsync(responseStream, context.CancellationToken);

    public override Task<P.CompleteTaskResponse> CompleteOrchestratorTask(P.OrchestratorResponse request, ServerCallContext context)
    {
        // Large answers still come in parts.
#pragma warning disable CS0612
        Take(request.CompletionToken, isLast: !request.IsPartial);
#pragma warning restore CS0612
        return base.CompleteOrchestratorTask(request, context);
    }

    public override Task<P.CompleteTaskResponse> CompleteActivityTask(P.ActivityResponse request, ServerCallContext context)
    {
        Take(request.CompletionToken, isLast: true);
        return base.CompleteActivityTask(request, context);
    }

    public override Task<P.AbandonActivityTaskResponse> AbandonTaskActivityWorkItem(P.AbandonActivityTaskRequest request, ServerCallContext context)
    {
        _delivery.AddAgain(request.CompletionToken, AbandonedDelay);
        return Task.FromResult(new P.AbandonActivityTaskResponse());
    }

    public override Task<P.AbandonOrchestrationTaskResponse> AbandonTaskOrchestratorWorkItem(P.AbandonOrchestrationTaskRequest request, ServerCallContext context)
    {
        _delivery.AddAgain(request.CompletionToken, AbandonedDelay);
        return Task.FromResult(new P.AbandonOrchestrationTaskResponse());
    }

    public override async Task StreamInstanceHistory(
        P.StreamInstanceHistoryRequest request, IServerStreamWriter<P.HistoryChunk> responseStream, ServerCallContext context)
    {
        if (request.ForWorkItemProcessing)
        {
            await base.StreamInstanceHistory(request, responseStream, context);
            return;
        }

        var chunk = new P.HistoryChunk();
        chunk.Events.AddRange(_service.HistoryOf(request.InstanceId)
            ?? throw new RpcException(new Status(StatusCode.NotFound, "There is no history of such an instance.")));
        await responseStream.WriteAsync(chunk, context.CancellationToken);
    }

    private void Take(string token, bool isLast)
    {
        if (!_delivery.TryTake(token, isLast))
        {
            throw new RpcException(new Status(StatusCode.NotFound, "This work was answered before."));
        }
    }
}
