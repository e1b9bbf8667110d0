using Bibind.ControlPlane.Jobs;
using Bibind.Functions.Ordering;

namespace Bibind.Functions.Http;

/// <summary>Does what somebody wants of a job, by the action's name.</summary>
internal sealed class JobActionDispatcher(JobSteering steering, JobRetries retries)
{
    /// <summary>Does it; answers the job, or the new one that takes its place.</summary>
    public Task<Job> DoAsync(HttpContext context, string action, JobWish wish) => action switch
    {
        JobActionKinds.Cancel => steering.CancelAsync(wish, context.RequestAborted),
        JobActionKinds.RunNow => steering.RunNowAsync(wish, context.RequestAborted),
        JobActionKinds.FailNow => steering.FailNowAsync(wish, context.RequestAborted),
        JobActionKinds.Pause => steering.PauseAsync(wish, context.RequestAborted),
        JobActionKinds.Resume => steering.ResumeAsync(wish, context.RequestAborted),
        JobActionKinds.Retry => retries.RetryAsync(context, wish),
        _ => throw new ArgumentOutOfRangeException(nameof(action), action, "No such action."),
    };
}
