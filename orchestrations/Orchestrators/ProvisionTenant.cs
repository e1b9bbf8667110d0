using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>
/// Gives a customer a working tenant, or leaves nothing behind. What the tenant works without, its first backup among it, comes
/// after the activation and is pending until it is there.
/// </summary>
/// <param name="version">1 for those that were started when the first backup came before the activation; 2 for all others.</param>
public sealed class ProvisionTenant(int version) : TaskOrchestrator<ProvisionTenantOrder, TenantReady>
{
    /// <inheritdoc/>
    public override async Task<TenantReady> RunAsync(TaskOrchestrationContext context, ProvisionTenantOrder order)
    {
        var saga = new Saga(context);
        if (order.IsUndo)
        {
            return await UndoCancelledAsync(context, saga, order);
        }

        TenantDescriptor? place = null;
        try
        {
            place = await context.CallActivityAsync(Tenants.Reserve, order);

            await Branches.SettleAsync(
                saga.DoAsync(Credentials.Prepare, place, undoneBy: Credentials.Forget),
                place.HasFileStore ? saga.DoAsync(FileStore.Copy, place, undoneBy: FileStore.Remove) : Task.CompletedTask,
                saga.DoAsync(Database.Clone, place, undoneBy: Database.Drop),
                saga.DoAsync(Dns.CreateRecord, place, undoneBy: Dns.DeleteRecord),
                saga.DoAsync(Certificates.Issue, place, undoneBy: Certificates.Revoke),
                saga.DoAsync(Storage.CreateBucket, place, undoneBy: Storage.DeleteBucket));

            await context.CallActivityAsync(Application.Configure, place);
            await saga.DoAsync(Routing.Publish, place, undoneBy: Routing.Withdraw);
            await context.CallActivityAsync(Application.HandOver, place);
            return version > 1
                ? await Activation.RunAsync(context, saga, place, notes: [])
                : await Activation.AfterFirstBackupAsync(context, saga, place, notes: []);
        }
        catch (TaskFailedException failure)
        {
            await ProvisionFailure.EndAsync(context, saga, order.TenantId, order.JobId, place, failure.Reason);
            throw;
        }
    }

    /// <summary>Undoes an order that was cancelled. Nobody knows how far it got: everything counts as done.</summary>
    private static async Task<TenantReady> UndoCancelledAsync(TaskOrchestrationContext context, Saga saga, ProvisionTenantOrder order)
    {
        var place = await context.CallActivityAsync(Tenants.Reserve, order with { IsUndo = false });
        saga.UndoneBy(Credentials.Forget, place);
        if (place.HasFileStore)
        {
            saga.UndoneBy(FileStore.Remove, place);
        }

        saga.UndoneBy(Database.Drop, place);
        saga.UndoneBy(Dns.DeleteRecord, place);
        saga.UndoneBy(Certificates.Revoke, place);
        saga.UndoneBy(Storage.DeleteBucket, place);
        saga.UndoneBy(Routing.Withdraw, place);
        saga.UndoneBy(Backup.DeleteAll, place);
        saga.UndoneBy(Tenants.Deactivate, place);
        await ProvisionFailure.EndAsync(context, saga, order.TenantId, order.JobId, place, JobReasons.Cancelled);
        throw new JobCancelledException();
    }
}
