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

            var restored = await BringAsync(context, saga, place, order.Backup);

            await context.CallActivityAsync(Application.Adopt, place);
            await saga.DoAsync(Routing.Publish, place, undoneBy: Routing.Withdraw);
            await context.CallActivityAsync(Application.HandOver, place);
            string[] notes = [Silenced, .. new[] { restored.Note }.OfType<string>()];
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

    /// <summary>Brings a backup of another tenant to a new one's place, and makes what else it needs; nobody is let in yet.</summary>
    /// <param name="context">The orchestration's.</param>
    /// <param name="saga">Undoes what is made.</param>
    /// <param name="place">The new tenant.</param>
    /// <param name="backup">The backup.</param>
    /// <param name="staging">What is masked, if the new tenant is a staging copy of the other.</param>
    /// <exception cref="TaskFailedException">A step failed, and its retries gave up.</exception>
    internal static async Task<RestoredDatabase> BringAsync(
        TaskOrchestrationContext context, Saga saga, TenantDescriptor place, BackupRef backup, IReadOnlyList<MaskingRule>? staging = null)
    {
        if (place.HasFileStore)
        {
            saga.UndoneBy(FileStore.Remove, place);
        }

        saga.UndoneBy(Database.Drop, place);
        var prepare = saga.DoAsync(Credentials.Prepare, place, undoneBy: Credentials.Forget);
        if (staging is not null)
        {
            // A copy gets them before it has its name.
            await prepare;
        }

        var restore = context.CallActivityAsync(Backup.Restore, new RestoreRequest(place, backup, Replace: false) { Staging = staging });
        await Branches.SettleAsync(
            prepare,
            restore,
            saga.DoAsync(Dns.CreateRecord, place, undoneBy: Dns.DeleteRecord),
            saga.DoAsync(Certificates.Issue, place, undoneBy: Certificates.Revoke),
            saga.DoAsync(Storage.CreateBucket, place, undoneBy: Storage.DeleteBucket));
        return await restore;
    }
}
