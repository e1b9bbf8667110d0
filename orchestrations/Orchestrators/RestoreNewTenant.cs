using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>
/// Makes a new tenant out of a backup of another, which is not touched; or leaves nothing behind. What the tenant works without, its
/// first backup among it, comes after the activation and is pending until it is there.
/// </summary>
/// <param name="version">1 for those that were started when the first backup came before the activation; 2 for all others.</param>
public sealed class RestoreNewTenant(int version) : TaskOrchestrator<RestoreNewTenantOrder, TenantReady>
{
    private const string Silenced = "Mail servers are switched off in the copy: switch them on when it takes the other's place.";

    /// <inheritdoc/>
    public override async Task<TenantReady> RunAsync(TaskOrchestrationContext context, RestoreNewTenantOrder order)
    {
        var saga = new Saga(context);
        TenantDescriptor? place = null;
        try
        {
            place = await context.CallActivityAsync(
                Tenants.Reserve, new ProvisionTenantOrder { TenantId = order.TenantId, JobId = order.JobId, Code = order.Code });

            if (place.HasFileStore)
            {
                saga.UndoneBy(FileStore.Remove, place);
            }

            saga.UndoneBy(Database.Drop, place);
            var prepare = saga.DoAsync(Credentials.Prepare, place, undoneBy: Credentials.Forget);
            var restore = context.CallActivityAsync(Backup.Restore, new RestoreRequest(place, order.Backup, Replace: false));
            await Branches.SettleAsync(
                prepare,
                restore,
                saga.DoAsync(Dns.CreateRecord, place, undoneBy: Dns.DeleteRecord),
                saga.DoAsync(Certificates.Issue, place, undoneBy: Certificates.Revoke),
                saga.DoAsync(Storage.CreateBucket, place, undoneBy: Storage.DeleteBucket));

            await context.CallActivityAsync(Application.Adopt, place);
            await saga.DoAsync(Routing.Publish, place, undoneBy: Routing.Withdraw);
            await context.CallActivityAsync(Application.HandOver, place);
            string[] notes = [Silenced, .. new[] { (await restore).Note }.OfType<string>()];
            return version > 1
                ? await Activation.RunAsync(context, saga, place, notes)
                : await Activation.AfterFirstBackupAsync(context, saga, place, notes);
        }
        catch (TaskFailedException failure)
        {
            await ProvisionFailure.EndAsync(context, saga, order.TenantId, order.JobId, place, failure.Reason);
            throw;
        }
    }
}
