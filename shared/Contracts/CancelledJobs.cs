using Bibind.Durable;

namespace Bibind.Contracts;

/// <summary>A job that somebody cancelled: its orchestration was ended, and what it did is to be undone.</summary>
/// <param name="JobId">The job.</param>
/// <param name="Pause">How long to wait before the next look.</param>
public sealed record CancelledJob(string JobId, TimeSpan Pause);

/// <summary>The steps about cancelled jobs.</summary>
public static class CancelledJobs
{
    /// <summary>Undoes the job once its orchestration has ended and no step of it can be under way; true once the job is closed.</summary>
    public static readonly ActivityDefinition<CancelledJob, bool> Undo = new("jobs.undo_cancelled", Policies.Round);

    /// <summary>Instance id of the orchestration that sees a job to its end.</summary>
    public static string InstanceOf(string jobId) => $"cancel-{jobId}";
}
