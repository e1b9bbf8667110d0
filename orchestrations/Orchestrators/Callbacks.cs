using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Tells the caller how its job ended.</summary>
internal static class Callbacks
{
    /// <summary>
    /// Tells the caller where a callback URL is set. The job's end does not depend on it: a caller that cannot be told
    /// is a note on the job.
    /// </summary>
    public static async Task<StepOutcome?> TellAsync(TaskOrchestrationContext context, TenantDescriptor place, string state, string? reason)
    {
        if (place.CallbackUrl is not { } url)
        {
            return null;
        }

        try
        {
            return await context.CallActivityAsync(Caller.Notify, new CallerNotice
            {
                CallbackUrl = url,
                JobId = context.InstanceId,
                Code = place.Code,
                State = state,
                BaseUrl = place.BaseUrl,
                Reason = reason,
            });
        }
        catch (TaskFailedException failure)
        {
            return new StepOutcome(false, $"The caller could not be told: {failure.Reason}");
        }
    }
}
