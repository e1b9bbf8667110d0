using Bibind.Contracts;
using Bibind.Durable;

namespace Bibind.Orchestrators;

/// <summary>
/// As <see cref="RestoreNewTenantV2"/>, with the first backup before the activation: for the orders that were under way when that
/// came. None is started any more.
/// </summary>
public sealed class RestoreNewTenant : TaskOrchestrator<RestoreNewTenantOrder, TenantReady>
{
    internal const string Silenced = "Mail servers are switched off in the copy: switch them on when it takes the other's place.";

    /// <inheritdoc/>
    public override async Task<TenantReady> RunAsync(TaskOrchestrationContext context, RestoreNewTenantOrder order)
    {
        var saga = new Saga(context);
        TenantPlace? place = null;
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
            var user = await context.CallActivityAsync(Application.CreateStandardUser, place);
            var smoke = await context.CallActivityAsync(Application.SmokeTest, place);
            saga.UndoneBy(Backup.DeleteAll, place);
            await context.CallActivityAsync(Backup.Take, new BackupRequest(place, "first"));
            var ready = await context.CallActivityAsync(Tenants.Activate, new TenantToActivate(place));
            var notified = await Callbacks.TellAsync(context, place, "active", reason: null);
            return ready with { Notes = [Silenced, .. new[] { (await restore).Note }.OfType<string>(), .. ProvisionFailure.Notes(user, smoke, notified)] };
        }
        catch (TaskFailedException failure)
        {
            await ProvisionFailure.EndAsync(context, saga, order.TenantId, order.JobId, place, failure.Reason);
            throw;
        }
    }
}
