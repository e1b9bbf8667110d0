using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>
/// Makes a staging copy of a tenant, which serves on meanwhile; or leaves nothing behind. The copy is neutralised and masked before it has a
/// route and before the application sees it.
/// </summary>
public sealed class MakeStagingCopy : TaskOrchestrator<MakeStagingCopyOrder, TenantReady>
{
    /// <inheritdoc/>
    public override async Task<TenantReady> RunAsync(TaskOrchestrationContext context, MakeStagingCopyOrder order)
    {
        var saga = new Saga(context);
        TenantDescriptor? place = null;
        TenantReady ready;
        try
        {
            place = await context.CallActivityAsync(
                Tenants.Reserve, new ProvisionTenantOrder { TenantId = order.TenantId, JobId = order.JobId, Code = order.Code });
            var backup = await StagingSteps.TakeAsync(context, saga, order.Content, order.JobId);
            var restored = await RestoreNewTenant.BringAsync(context, saga, place, backup, order.Content.Masking);

            // Before the route and before the hand-over; the restore has done it before the database had its name, and this proves it.
            var report = await StagingSteps.NeutraliseAsync(context, place, order.Content);
            await saga.DoAsync(Routing.Publish, place, undoneBy: Routing.Withdraw);
            await context.CallActivityAsync(Application.HandOver, place);
            ready = await Activation.RunAsync(context, saga, place, StagingSteps.Notes(report, restored.Note), report);
        }
        catch (Exception failure) when (failure is TaskFailedException or BackupsOffException)
        {
            await ProvisionFailure.EndAsync(context, saga, order.TenantId, order.JobId, place, Reasons.Of(failure));
            throw;
        }

        await StagingSteps.ForgetAsync(context, order.Content, order.JobId);
        return ready;
    }
}
