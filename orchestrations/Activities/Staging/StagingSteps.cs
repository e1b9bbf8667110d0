using Bibind.Activities.Application.Odoo;
using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Staging;

/// <summary>Finds the tenant that is copied.</summary>
public sealed class FindStagingSource(TenantStore tenants) : TaskActivity<StagingSource, TenantDescriptor>
{
    /// <inheritdoc/>
    public override async Task<TenantDescriptor> RunAsync(TaskActivityContext context, StagingSource source)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(source);
        var tenant = await tenants.GetAsync(source.TenantId, context.CancellationToken)
            ?? throw new PermanentFailureException($"There is no tenant {source.TenantId} in the control database.");

        // A job that changes it now may be over in a moment; whoever suspended or removed it has decided otherwise than who ordered the copy.
        return tenant.State switch
        {
            TenantStates.Active => tenant.ToPlace(source.JobId),
            TenantStates.Upgrading or TenantStates.Restoring or TenantStates.Moving =>
                throw new TransientFailureException($"Tenant '{tenant.Code}' is {tenant.State}: it is copied when that has ended."),
            _ => throw new PermanentFailureException($"Tenant '{tenant.Code}' is {tenant.State} by now: only an active tenant is copied."),
        };
    }
}

/// <summary>
/// Makes a restored database the copy's own, neutralised and masked, in what nothing can reach yet. The restore of it has done so before it
/// took the copy's name; this looks once more, and answers what was done.
/// </summary>
public sealed class NeutraliseStagingCopy(StagingNeutraliser neutraliser, IFileStore files, ILogger<NeutraliseStagingCopy> logger) : TaskActivity<StagingTarget, StagingReport>
{
    /// <inheritdoc/>
    public override async Task<StagingReport> RunAsync(TaskActivityContext context, StagingTarget target)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(target);
        var place = target.Place with { HasFileStore = files.IsOn };
        var report = await neutraliser.RunAsync(place, place.Database, target.Masking, context.CancellationToken);
        logger.StagingCopyNeutralised(place.Database, report.Masked.Sum(m => m.Rows), report.Skipped.Count, report.SetAside);
        return report;
    }
}
