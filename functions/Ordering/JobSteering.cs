using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.Durable;
using Bibind.Durable.Client;
using Bibind.Functions.Problems;
using Microsoft.DurableTask.Client;

namespace Bibind.Functions.Ordering;

/// <summary>What somebody wants of a job.</summary>
/// <param name="JobId">The job.</param>
/// <param name="Who">The caller.</param>
/// <param name="Reason">Why, if they say so.</param>
public sealed record JobWish(string JobId, string Who, string? Reason);

/// <summary>
/// Steers jobs. What somebody did is a row, written in the transaction that hands the word to the engine: it is done if and when that commits, and
/// once, whatever becomes of this process.
/// </summary>
public sealed class JobSteering(CommandTransaction transactions, JobStore jobs, JobActions actions, JobCancelling cancelling, DurableTaskClient client)
{
    // Its step may be at its end already.
    private static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(1);

    /// <summary>Ends a job; what it did is undone, and it is closed as cancelled. Again the same.</summary>
    /// <exception cref="ProblemException">404 or 409: it cannot be cancelled.</exception>
    public Task<Job> CancelAsync(JobWish wish, CancellationToken cancellation) => ActAsync(wish, JobActionKinds.Cancel, async (work, job) =>
    {
        if (job.CancelRequestedAt is not null)
        {
            return false;
        }

        var (refusal, isCalledOff) = await cancelling.TryCallOffAsync(work, job, wish.Who);
        if (refusal is not null)
        {
            throw Refuse("job-not-cancellable", "The job cannot be cancelled", refusal);
        }

        await actions.MarkCancelledAsync(work.Connection, work.Transaction, job.Id, work.CancellationToken);
        if (isCalledOff)
        {
            return true;
        }

        if (job.UndoAttempts == 0)
        {
            await client.SteerAsync(job.Instance, new Steering.Terminate(WordsOf("Cancelled", wish)), work.Transaction, work.CancellationToken);
        }

        await client.ScheduleNewOrchestrationInstanceAsync(
            Orchestrations.EndCancelledJob,
            new CancelledJob(job.Id, FirstLook),
            new HubStartOptions { InstanceId = CancelledJobs.InstanceOf(job.Id), Transaction = work.Transaction, Tags = new Dictionary<string, string> { ["job"] = job.Id } },
            work.CancellationToken);
        return true;
    }, cancellation);

    /// <summary>Lets a job wait until it is resumed: a step that is under way ends, no other begins. Again the same.</summary>
    /// <exception cref="ProblemException">404 or 409: it cannot be paused.</exception>
    public Task<Job> PauseAsync(JobWish wish, CancellationToken cancellation) => ActAsync(wish, JobActionKinds.Pause, async (work, job) =>
    {
        RefuseCancelled(job);
        if (job.Kind == JobKinds.SupportAccess)
        {
            // Its end would wait too, and with it the account.
            throw Refuse("job-not-pausable", "The job cannot be paused", $"Job '{job.Id}' ends an operator's access in time: cancel it, or revoke the access.");
        }

        if (await JobActions.IsPausedAsync(work.Connection, work.Transaction, job.Id, work.CancellationToken))
        {
            return false;
        }

        await client.SteerAsync(job.Instance, new Steering.Suspend(WordsOf("Paused", wish)), work.Transaction, work.CancellationToken);
        return true;
    }, cancellation);

    /// <summary>Lets a paused job go on.</summary>
    /// <exception cref="ProblemException">404 or 409: it is not paused.</exception>
    public async Task<Job> ResumeAsync(JobWish wish, CancellationToken cancellation)
    {
        var isSuspended = await client.GetInstanceAsync(await InstanceOfAsync(wish, cancellation), cancellation) is { RuntimeStatus: OrchestrationRuntimeStatus.Suspended };
        return await ActAsync(wish, JobActionKinds.Resume, async (work, job) =>
        {
            if (!isSuspended && !await JobActions.IsPausedAsync(work.Connection, work.Transaction, job.Id, work.CancellationToken))
            {
                throw Refuse("job-not-paused", "The job is not paused", $"Job '{job.Id}' is not paused: there is nothing to resume.");
            }

            await client.SteerAsync(job.Instance, new Steering.Resume(WordsOf("Resumed", wish)), work.Transaction, work.CancellationToken);
            return true;
        }, cancellation);
    }

    /// <summary>Does not let a job wait for its next attempt, nor for any other timer that it waits for now.</summary>
    /// <exception cref="ProblemException">404 or 409: it waits for nothing.</exception>
    public async Task<Job> RunNowAsync(JobWish wish, CancellationToken cancellation)
    {
        var instance = await InstanceOfAsync(wish, cancellation);
        var timers = WaitingTimer.In(await client.GetHistoryAsync(instance, cancellation));
        return await ActAsync(wish, JobActionKinds.RunNow, async (work, job) =>
        {
            await RefusePausedAsync(work, job);
            if (timers.Count == 0 || job.Instance != instance
                || !await client.SteerAsync(instance, new Steering.FireTimers(timers), work.Transaction, work.CancellationToken))
            {
                throw Refuse("nothing-waits", "The job waits for nothing", $"Job '{job.Id}' waits for no attempt and no other time: a step is under way, or is about to begin.");
            }

            return true;
        }, cancellation);
    }

    /// <summary>
    /// Does not let a job try the steps again that wait for their next attempt: they fail with their last errors. Steps that must be done, such as
    /// those of an undo, are left out.
    /// </summary>
    /// <exception cref="ProblemException">404 or 409: no step waits, or none that may fail.</exception>
    public async Task<Job> FailNowAsync(JobWish wish, CancellationToken cancellation)
    {
        var instance = await InstanceOfAsync(wish, cancellation);
        var waiting = WaitingAttempt.In(await client.GetHistoryAsync(instance, cancellation));
        IReadOnlyList<WaitingTimer> timers = [.. waiting.Where(w => !ClosingSteps.Names.Contains(w.Name)).Select(w => w.Timer)];
        return await ActAsync(wish, JobActionKinds.FailNow, async (work, job) =>
        {
            RefuseCancelled(job);
            await RefusePausedAsync(work, job);
            if (job.UndoAttempts > 0 || (waiting.Count > 0 && timers.Count == 0))
            {
                throw Refuse(
                    "step-not-failable", "The step cannot be given up",
                    $"What waits in job '{job.Id}' undoes, removes, proves or records something: given up, it would leave things behind. POST /api/jobs/{job.Id}/run-now tries it at once.");
            }

            if (timers.Count == 0 || job.Instance != instance
                || !await client.SteerAsync(instance, new Steering.GiveUp(timers), work.Transaction, work.CancellationToken))
            {
                throw Refuse("nothing-waits", "The job waits for nothing", $"No step of job '{job.Id}' waits for its next attempt: there is nothing to give up.");
            }

            return true;
        }, cancellation);
    }

    /// <summary>
    /// Lets a job whose orchestration failed without answering the failure go on from the step that failed. Any other failed job was undone, or
    /// ended: its order is to be made again.
    /// </summary>
    /// <returns>The job; null if its order is to be made again.</returns>
    /// <exception cref="ProblemException">404 or 409: it has not failed.</exception>
    public async Task<Job?> TryRewindAsync(JobWish wish, CancellationToken cancellation)
    {
        var job = await jobs.FindAsync(wish.JobId, cancellation) ?? throw new ProblemException(ProblemFactory.NoSuchJob);
        if (job.Outcome == JobOutcomes.Failed)
        {
            return null;
        }

        if (job.Outcome is not null || await client.GetInstanceAsync(job.Instance, cancellation) is not { RuntimeStatus: OrchestrationRuntimeStatus.Failed })
        {
            throw Refuse("job-not-failed", "The job has not failed", job.Outcome is null
                ? $"Job '{job.Id}' has not failed: it goes on by itself. POST /api/jobs/{job.Id}/run-now does not wait for its next attempt."
                : $"Job '{job.Id}' has not failed. POST /api/jobs/{job.Id}/again orders the same once more.");
        }

        return await ActAsync(wish, JobActionKinds.Retry, async (work, locked) =>
        {
            RefuseCancelled(locked);
            if (locked.Instance != job.Id || !await client.SteerAsync(job.Id, new Steering.Rewind(WordsOf("Retried", wish)), work.Transaction, work.CancellationToken))
            {
                throw Refuse("job-undone", "The job is being undone", $"What job '{job.Id}' did is being undone: retry it once it has ended.");
            }

            return true;
        }, cancellation);
    }

    private static ProblemException Refuse(string kind, string title, string detail) => new(ProblemFactory.Conflict(kind, title, detail));

    private static void RefuseCancelled(Job job)
    {
        if (job.CancelRequestedAt is not null)
        {
            throw Refuse("job-cancelled", "The job is being cancelled", $"Job '{job.Id}' was cancelled, and what it did is being undone: that is not held up.");
        }
    }

    private static async Task RefusePausedAsync(UnitOfWork work, Job job)
    {
        if (await JobActions.IsPausedAsync(work.Connection, work.Transaction, job.Id, work.CancellationToken))
        {
            throw Refuse("job-paused", "The job is paused", $"Job '{job.Id}' is paused: resume it by POST /api/jobs/{job.Id}/resume.");
        }
    }

    private static string WordsOf(string deed, JobWish wish) => wish.Reason is null ? $"{deed} by {wish.Who}." : $"{deed} by {wish.Who}: {wish.Reason}";

    private async Task<string> InstanceOfAsync(JobWish wish, CancellationToken cancellation) =>
        (await jobs.FindAsync(wish.JobId, cancellation) ?? throw new ProblemException(ProblemFactory.NoSuchJob)).Instance;

    // The job's row is locked, so that one is steered by one at a time, and is not closed meanwhile.
    private Task<Job> ActAsync(JobWish wish, string action, Func<UnitOfWork, Job, Task<bool>> act, CancellationToken cancellation) => transactions.RunAsync(
        async work =>
        {
            var job = await JobActions.LockAsync(work.Connection, work.Transaction, wish.JobId, work.CancellationToken) ?? throw new ProblemException(ProblemFactory.NoSuchJob);
            if (job.Outcome is { } outcome)
            {
                throw Refuse("job-ended", "The job has ended", $"Job '{job.Id}' has ended: it {(outcome == JobOutcomes.Cancelled ? "was cancelled" : outcome)}.");
            }

            if (await act(work, job))
            {
                await actions.RecordAsync(work.Connection, work.Transaction, job.Id, action, wish.Who, wish.Reason, work.CancellationToken);
            }

            return (await JobActions.LockAsync(work.Connection, work.Transaction, wish.JobId, work.CancellationToken))!;
        },
        cancellation);
}
