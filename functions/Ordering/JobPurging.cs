using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Microsoft.DurableTask.Client;

namespace Bibind.Functions.Ordering;

/// <summary>Forgets jobs that ended long ago, with the histories of their orchestrations. Again the same: a process that ended half-way left rows that are found again.</summary>
public sealed class JobPurging(JobRetention retention, DurableTaskClient client)
{
    /// <summary>Jobs that would be forgotten, at most so many.</summary>
    public Task<IReadOnlyList<Job>> FindAsync(JobPurge purge, int most, CancellationToken cancellationToken) => retention.FindAsync(purge, most, cancellationToken);

    /// <summary>Forgets them; answers how many. One whose orchestration goes on is kept.</summary>
    public async Task<int> ForgetAsync(IReadOnlyList<Job> jobs, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(jobs);
        var forgotten = 0;
        foreach (var job in jobs)
        {
            if (await ForgetHistoryAsync(job, cancellationToken))
            {
                forgotten += await retention.ForgetAsync(job.Id, cancellationToken) ? 1 : 0;
            }
        }

        return forgotten;
    }

    // The rows come last: who finds a job finds its history, or what is left of it.
    private async Task<bool> ForgetHistoryAsync(Job job, CancellationToken cancellationToken)
    {
        foreach (var instance in new[] { job.Id, job.Instance, CancelledJobs.InstanceOf(job.Id) }.Distinct())
        {
            if (await client.GetInstanceAsync(instance, cancellationToken) is not { } there)
            {
                continue;
            }

            if (!there.IsCompleted)
            {
                return false;
            }

            await client.PurgeInstanceAsync(instance, cancellationToken);
        }

        return true;
    }
}
