using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.DurableTask.Protobuf;

namespace Bibind.SchedulerHost;

/// <summary>Sends each call to the hub that it names.</summary>
internal sealed class HubRouter(TaskHubs hubs) : TaskHubSidecarService.TaskHubSidecarServiceBase
{
    public override Task<Empty> Hello(Empty request, ServerCallContext context) => hubs.Of(context).Hello(request, context);

    public override Task<CreateInstanceResponse> StartInstance(CreateInstanceRequest request, ServerCallContext context) =>
        hubs.Of(context).StartInstance(request, context);

    public override Task<GetInstanceResponse> GetInstance(GetInstanceRequest request, ServerCallContext context) =>
        hubs.Of(context).GetInstance(request, context);

    public override Task<RewindInstanceResponse> RewindInstance(RewindInstanceRequest request, ServerCallContext context) =>
        hubs.Of(context).RewindInstance(request, context);

    public override Task<RestartInstanceResponse> RestartInstance(RestartInstanceRequest request, ServerCallContext context) =>
        hubs.Of(context).RestartInstance(request, context);

    public override Task<GetInstanceResponse> WaitForInstanceStart(GetInstanceRequest request, ServerCallContext context) =>
        hubs.Of(context).WaitForInstanceStart(request, context);

    public override Task<GetInstanceResponse> WaitForInstanceCompletion(GetInstanceRequest request, ServerCallContext context) =>
        hubs.Of(context).WaitForInstanceCompletion(request, context);

    public override Task<RaiseEventResponse> RaiseEvent(RaiseEventRequest request, ServerCallContext context) =>
        hubs.Of(context).RaiseEvent(request, context);

    public override Task<TerminateResponse> TerminateInstance(TerminateRequest request, ServerCallContext context) =>
        hubs.Of(context).TerminateInstance(request, context);

    public override Task<SuspendResponse> SuspendInstance(SuspendRequest request, ServerCallContext context) =>
        hubs.Of(context).SuspendInstance(request, context);

    public override Task<ResumeResponse> ResumeInstance(ResumeRequest request, ServerCallContext context) =>
        hubs.Of(context).ResumeInstance(request, context);

    public override Task<QueryInstancesResponse> QueryInstances(QueryInstancesRequest request, ServerCallContext context) =>
        hubs.Of(context).QueryInstances(request, context);

    public override Task<PurgeInstancesResponse> PurgeInstances(PurgeInstancesRequest request, ServerCallContext context) =>
        hubs.Of(context).PurgeInstances(request, context);

    public override Task GetWorkItems(GetWorkItemsRequest request, IServerStreamWriter<WorkItem> responseStream, ServerCallContext context) =>
        hubs.Of(context).GetWorkItems(request, responseStream, context);

    public override Task StreamInstanceHistory(
        StreamInstanceHistoryRequest request, IServerStreamWriter<HistoryChunk> responseStream, ServerCallContext context) =>
        hubs.Of(context).StreamInstanceHistory(request, responseStream, context);

    public override Task<CompleteTaskResponse> CompleteActivityTask(ActivityResponse request, ServerCallContext context) =>
        hubs.Of(context).CompleteActivityTask(request, context);

    public override Task<CompleteTaskResponse> CompleteOrchestratorTask(OrchestratorResponse request, ServerCallContext context) =>
        hubs.Of(context).CompleteOrchestratorTask(request, context);

    public override Task<AbandonActivityTaskResponse> AbandonTaskActivityWorkItem(AbandonActivityTaskRequest request, ServerCallContext context) =>
        hubs.Of(context).AbandonTaskActivityWorkItem(request, context);

    public override Task<AbandonOrchestrationTaskResponse> AbandonTaskOrchestratorWorkItem(
        AbandonOrchestrationTaskRequest request, ServerCallContext context) =>
        hubs.Of(context).AbandonTaskOrchestratorWorkItem(request, context);
}
