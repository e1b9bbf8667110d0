using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.Durable;

namespace Bibind.Activities.Backup.Jobs;

/// <summary>Closes the job of a backup.</summary>
public sealed class EndBackupJob(BackupJobEnding jobs) : TaskActivity<BackupEnd, Nothing>
{
    /// <inheritdoc/>
    public override async Task<Nothing> RunAsync(TaskActivityContext context, BackupEnd end)
    {
        ArgumentNullException.ThrowIfNull(context);
        await jobs.EndBackupAsync(end, context.CancellationToken);
        return Nothing.Value;
    }
}
