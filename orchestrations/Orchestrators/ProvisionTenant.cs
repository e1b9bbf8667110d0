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
}
