using Bibind.Contracts;
using Bibind.Durable;

namespace Bibind.Orchestrators;

/// <summary>
/// As <see cref="ProvisionTenantV2"/>, with the first backup before the activation: for the orders that were under way when that
/// came. None is started any more.
/// </summary>
public sealed class ProvisionTenant : TaskOrchestrator<ProvisionTenantOrder, TenantReady>
{
    /// <inheritdoc/>
    public override async Task<TenantReady> RunAsync(TaskOrchestrationContext context, ProvisionTenantOrder order)
    {
        var saga = new Saga(context);
        TenantPlace? place = null;
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
            var user = await context.CallActivityAsync(Application.CreateStandardUser, place);
            var smoke = await context.CallActivityAsync(Application.SmokeTest, place);
            saga.UndoneBy(Backup.DeleteAll, place);
            await context.CallActivityAsync(Backup.Take, new BackupRequest(place, "first"));
            var ready = await context.CallActivityAsync(Tenants.Activate, new TenantToActivate(place));
            var notified = await Callbacks.TellAsync(context, place, "active", reason: null);
            return ready with { Notes = [.. ProvisionFailure.Notes(user, smoke, notified)] };
        }
        catch (TaskFailedException failure)
        {
            await ProvisionFailure.EndAsync(context, saga, order.TenantId, order.JobId, place, failure.Reason);
            throw;
        }
    }
}
