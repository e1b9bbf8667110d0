using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Backup.Jobs;

/// <summary>Closes the job of a trial and keeps its receipt.</summary>
public sealed class EndVerifyJob(BackupJobEnding jobs) : TaskActivity<VerifyEnd, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, VerifyEnd end)
    {
        ArgumentNullException.ThrowIfNull(context);
        await jobs.EndVerifyAsync(end, context.CancellationToken);
        return Unit.Value;
    }
}
