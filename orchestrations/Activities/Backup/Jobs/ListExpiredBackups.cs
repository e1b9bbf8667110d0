using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Plans;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Backup.Jobs;

/// <summary>Asks the tenant's plan, as it was sold, which backups it does not keep.</summary>
public sealed class ListExpiredBackups(PlanStore plans, IBackupCatalogue backups) : TaskActivity<TenantJob, IReadOnlyList<string>>
{
    /// <inheritdoc/>
    public override async Task<IReadOnlyList<string>> RunAsync(TaskActivityContext context, TenantJob job)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(job);
        var plan = await plans.FindSoldAsync(job.TenantId, context.CancellationToken)
            ?? throw new PermanentFailureException($"There is no tenant {job.TenantId} in the control database.");
        var taken = await backups.ListAsync(job.TenantId, context.CancellationToken);
        return [.. BackupRetention.Expired(taken, plan).Select(b => b.Id)];
    }
}
