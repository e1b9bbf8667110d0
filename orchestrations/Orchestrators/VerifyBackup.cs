using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Tries a backup out and keeps the receipt.</summary>
public sealed class VerifyBackup : TaskOrchestrator<VerifyBackupOrder, BackupReceipt>
{
    /// <inheritdoc/>
    public override async Task<BackupReceipt> RunAsync(TaskOrchestrationContext context, VerifyBackupOrder order)
    {
        BackupReceipt receipt;
        try
        {
            var place = await context.CallActivityAsync(BackupJobs.Begin, new TenantJob(order.TenantId, order.JobId));
            receipt = await context.CallActivityAsync(Backup.Verify, new VerifyRequest(place, new BackupRef(order.TenantId, order.BackupId)));
        }
        catch (TaskFailedException failure)
        {
            await context.CallActivityAsync(BackupJobs.EndVerify, new VerifyEnd(order.JobId, null, failure.Reason));
            throw;
        }

        await context.CallActivityAsync(BackupJobs.EndVerify, new VerifyEnd(order.JobId, receipt, null));
        return receipt;
    }
}
