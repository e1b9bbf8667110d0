using System.Collections.Concurrent;
using Bibind.ControlPlane.Jobs;
using Bibind.Durable.Client;
using Bibind.Durable.Hubs;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Microsoft.DurableTask.Client;

namespace Bibind.Functions.Http;

/// <summary>Reads jobs with what their orchestrations do.</summary>
internal sealed class JobReader(JobStore jobs, JobActions actions, DurableTaskClient client, TimeProvider time)
{
    private const int HistoriesAtOnce = 8;

    /// <summary>A job with all that is known about it.</summary>
    /// <exception cref="ProblemException">404: there is no such job.</exception>
    public async Task<JobDetails> GetAsync(string id, CancellationToken cancellation) =>
        (Codes.IsPlausible(id) ? await FindAsync(id, cancellation) : null) ?? throw new ProblemException(ProblemFactory.NoSuchJob);

    /// <summary>A job with all that is known about it, or null.</summary>
    public async Task<JobDetails?> FindAsync(string id, CancellationToken cancellation)
    {
        if (await jobs.FindAsync(id, cancellation) is not { } job)
        {
            return null;
        }

        var states = await client.GetStatesAsync([.. new[] { job.Id, job.Instance }.Distinct()], cancellation);
        if (job.Outcome is null && states.GetValueOrDefault(job.Instance) is { IsCompleted: true })
        {
            // It was closed between the two looks; its result and reason are in the row now.
            job = await jobs.FindAsync(id, cancellation) ?? job;
        }

        var own = states.GetValueOrDefault(job.Id);
        var current = states.GetValueOrDefault(job.Instance);
        return new JobDetails(
            job,
            current ?? own,
            own is null ? [] : await client.GetHistoryAsync(job.Id, cancellation),
            job.UndoAttempts == 0 || current is null ? [] : await client.GetHistoryAsync(job.Instance, cancellation),
            HasEnded: own?.IsCompleted ?? false)
        {
            Actions = await actions.ListAsync(job.Id, cancellation),
            Children = await jobs.ListChildrenAsync(job.Id, cancellation),
        };
    }

    /// <summary>Jobs without their steps. Only of open ones the task hub is asked how far they are.</summary>
    public async Task<IReadOnlyList<JobSummary>> SummariseAsync(IReadOnlyList<Job> rows, CancellationToken cancellation)
    {
        string[] asked = [.. rows.Where(j => j.Outcome is null || (j.Outcome == JobOutcomes.Failed && j.Reason is null)).Select(j => j.Instance)];
        var states = asked.Length == 0 ? new Dictionary<string, OrchestrationState>() : await client.GetStatesAsync(asked, cancellation);
        var attempts = await FindNextAttemptsAsync(
            [.. rows.Where(j => j.Outcome is null).Select(j => j.Instance).Where(i => states.TryGetValue(i, out var state) && state.RuntimeStatus == OrchestrationRuntimeStatus.Running)],
            cancellation);
        var now = time.GetUtcNow();
        return [.. rows.Select(j => JobViews.Summarise(j, states.GetValueOrDefault(j.Instance), attempts.TryGetValue(j.Instance, out var due) ? due : null, now))];
    }

    // A timer may be that of a retry, or of something else that is waited for: the history tells.
    private async Task<IReadOnlyDictionary<string, DateTime>> FindNextAttemptsAsync(IReadOnlyCollection<string> running, CancellationToken cancellation)
    {
        if (running.Count == 0)
        {
            return new Dictionary<string, DateTime>();
        }

        var waiting = await client.FindNextTimersAsync(running, cancellation);
        var attempts = new ConcurrentDictionary<string, DateTime>(StringComparer.Ordinal);
        await Parallel.ForEachAsync(
            waiting?.Keys ?? running,
            new ParallelOptions { MaxDegreeOfParallelism = HistoriesAtOnce, CancellationToken = cancellation },
            async (instance, c) =>
            {
                if (JobSteps.NextAttempt(JobSteps.Read(await client.GetHistoryAsync(instance, c), ended: false, time.GetUtcNow().UtcDateTime)) is { } due)
                {
                    attempts[instance] = due;
                }
            });
        return attempts;
    }
}
