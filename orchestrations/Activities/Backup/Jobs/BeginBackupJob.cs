using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Backup.Jobs;

/// <summary>Finds the place of the tenant whose open job this is.</summary>
public sealed class BeginBackupJob(BackupJobEnding jobs) : TaskActivity<TenantJob, TenantDescriptor>
{
    /// <inheritdoc/>
    public override Task<TenantDescriptor> RunAsync(TaskActivityContext context, TenantJob job)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(job);
        return jobs.ConfirmAsync(job.TenantId, job.JobId, context.CancellationToken);
    }
}
