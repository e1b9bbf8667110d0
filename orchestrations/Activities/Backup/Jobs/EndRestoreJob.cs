using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Backup.Jobs;

/// <summary>Closes the job of a restore together with the tenant's state.</summary>
public sealed class EndRestoreJob(BackupJobEnding jobs) : TaskActivity<RestoreEnd, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, RestoreEnd end)
    {
        ArgumentNullException.ThrowIfNull(context);
        await jobs.EndRestoreAsync(end, context.CancellationToken);
        return Unit.Value;
    }
}
