using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Backup.Jobs;

/// <summary>Closes the job of a backup.</summary>
public sealed class EndBackupJob(BackupJobEnding jobs, ILogger<EndBackupJob> logger) : TaskActivity<BackupEnd, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, BackupEnd end)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (await jobs.EndBackupAsync(end, context.CancellationToken) is { } failed)
        {
            logger.FirstBackupFailed(failed.TenantCode, failed.TenantId, failed.Attempts, failed.NextAttempt, failed.Reason);
        }

        return Unit.Value;
    }
}
