using Bibind.Activities.Jobs;
using Bibind.ControlPlane.Jobs;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Tenants;

/// <summary>
/// Sees to jobs whose orchestration was ended from outside: a restore and a change of modules are undone, what changes nothing half-way is
/// closed as failed. Else the job would keep every other one of its tenant out for good.
/// </summary>
public sealed class SweepJobs(AbandonedJobs abandoned, JobUndoing undoing, ILogger<SweepJobs> logger) : TaskActivity<Unit, int>
{
    /// <inheritdoc/>
    public override async Task<int> RunAsync(TaskActivityContext context, Unit input)
    {
        ArgumentNullException.ThrowIfNull(context);
        var cancellationToken = context.CancellationToken;
        var done = 0;
        foreach (var job in await abandoned.FindAsync(JobUndoing.Swept, cancellationToken, orCancelled: true))
        {
            try
            {
                await undoing.SeeToAsync(job, cancellationToken);
                logger.JobAbandoned(job.Id, job.Kind, job.TenantCode);
                done++;
            }
            catch (PermanentFailureException moved)
            {
                // Its tenant has moved on: whoever moved it knows of the job.
                logger.JobNotSwept(job.Id, moved.Message);
            }
        }

        return done;
    }
}
