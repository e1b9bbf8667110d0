using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Backup.Jobs;

/// <summary>Closes the job that opened a suspended tenant together with the tenant's state.</summary>
public sealed class EndResumeJob(BackupJobEnding jobs) : TaskActivity<ResumeEnd, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, ResumeEnd end)
    {
        ArgumentNullException.ThrowIfNull(context);
        await jobs.EndResumeAsync(end, context.CancellationToken);
        return Unit.Value;
    }
}
