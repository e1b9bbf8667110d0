using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.Durable;
using Bibind.Durable.Client;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Jobs;

/// <summary>
/// Has a cancelled job undone, by the same means as one that was ended from outside, as soon as no step of it can be under way; true once the job
/// is closed.
/// </summary>
public sealed class UndoCancelledJob(
    AbandonedJobs abandoned, JobOrchestrations orchestrations, JobUndoing undoing, DurableTaskClient client, ILogger<UndoCancelledJob> logger) : TaskActivity<CancelledJob, bool>
{
    /// <inheritdoc/>
    public override async Task<bool> RunAsync(TaskActivityContext context, CancelledJob order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        var cancellationToken = context.CancellationToken;
        if (await abandoned.FindOpenAsync(order.JobId, cancellationToken) is not { } job)
        {
            return true;
        }

        if ((await orchestrations.FindEndedAsync([job.Instance], cancellationToken)).Length > 0)
        {
            await context.EnsureLeaseHeldAsync();
            await undoing.SeeToAsync(job, cancellationToken);
            logger.JobUndone(job.Id, job.Kind, job.TenantCode);
            return await abandoned.FindOpenAsync(order.JobId, cancellationToken) is null;
        }

        // One that no worker runs any more ends without running, once it is given back.
        if (await client.GetStateAsync(job.Instance, cancellationToken) is { QuarantineReason: not null })
        {
            await client.ReleaseQuarantinedAsync(job.Instance, cancellationToken);
        }

        return false;
    }
}
