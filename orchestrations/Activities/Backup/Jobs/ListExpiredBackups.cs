using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Plans;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Backup.Jobs;

/// <summary>Asks the tenant's plan, as it is now, which backups it does not keep.</summary>
public sealed class ListExpiredBackups(TenantStore tenants, PlanStore plans, IBackupCatalogue backups) : TaskActivity<TenantJob, IReadOnlyList<string>>
{
    /// <inheritdoc/>
    public override async Task<IReadOnlyList<string>> RunAsync(TaskActivityContext context, TenantJob job)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(job);
        var place = await tenants.GetPlaceAsync(job.TenantId, job.JobId, context.CancellationToken);
        var plan = await plans.FindAsync(place.Plan, context.CancellationToken)
            ?? throw new PermanentFailureException($"There is no plan '{place.Plan}' any more, so nobody knows which backups it keeps.");
        var taken = await backups.ListAsync(job.TenantId, context.CancellationToken);
        return [.. BackupRetention.Expired(taken, plan).Select(b => b.Id)];
    }
}
