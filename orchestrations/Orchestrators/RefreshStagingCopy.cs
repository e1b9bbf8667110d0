using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>
/// Gives a staging copy the content that its tenant has now. Host, passwords and everything around the database stay; what was in the copy
/// before is backed up first, and comes back if the rest fails.
/// </summary>
public sealed class RefreshStagingCopy : TaskOrchestrator<RestoreTenantOrder, TenantRestored>
{
    /// <inheritdoc/>
    public override async Task<TenantRestored> RunAsync(TaskOrchestrationContext context, RestoreTenantOrder order)
    {
        var (progress, saga) = (new RestoreTenant.Progress(order), new Saga(context));
        TenantRestored result;
        try
        {
            result = await RefreshAsync(context, order, progress, saga);
        }
        catch (Exception failure) when (failure is TaskFailedException or BackupsOffException)
        {
            var (isOpen, state) = await RestoreTenant.SettleAsync(context, progress);
            await saga.UndoAsync();
            await RestoreTenant.EndAsync(context, order, isOpen, null, $"{Reasons.Of(failure).TrimEnd('.')}. {state}");
            throw;
        }

        await RestoreTenant.EndAsync(context, order, isOpen: true, result, null);
        await StagingSteps.ForgetAsync(context, order.Staging!, order.JobId);
        return result;
    }

    private static async Task<TenantRestored> RefreshAsync(TaskOrchestrationContext context, RestoreTenantOrder order, RestoreTenant.Progress progress, Saga saga)
    {
        var place = progress.Place = await context.CallActivityAsync(BackupJobs.Begin, new TenantJob(order.TenantId, order.JobId));
        var backup = await StagingSteps.TakeAsync(context, saga, order.Staging!, order.JobId);
        var request = new RestoreRequest(place, backup, Replace: true) { Staging = order.Staging!.Masking };
        await context.CallActivityAsync(Backup.CheckRestore, request);
        await PreRestoreBackups.TakeAsync(context, place, RestoreTenant.Manual);
        progress.RouteTouched = true;
        await context.CallActivityAsync(Routing.Suspend, place);
        progress.DatabaseTouched = true;
        var restored = await context.CallActivityAsync(Backup.Restore, request);
        var report = await StagingSteps.NeutraliseAsync(context, place, order.Staging!);
        await context.CallActivityAsync(Application.HandOver, place);
        await context.CallActivityAsync(Routing.Publish, place);
        var user = await context.CallActivityAsync(Application.CreateStandardUser, place);
        var smoke = await context.CallActivityAsync(Application.SmokeTest, place);
        return new TenantRestored
        {
            Code = order.Code,
            BackupId = order.BackupId,
            SafetyBackupId = PreRestoreBackups.IdOf(place, RestoreTenant.Manual),
            Database = restored.Database,
            Bytes = restored.Bytes,
            Tables = restored.Tables,
            Notes = [.. StagingSteps.Notes(report, restored.Note), .. ProvisionFailure.Notes(user, smoke)],
            Staging = report,
        };
    }
}
