using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Steps whose failure does not end what they are part of. Each attempt was logged and is in the history.</summary>
internal static class Persistence
{
    private static readonly TimeSpan ShortestRest = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(15);
    private const int MostAttempts = 24;

    /// <summary>Does a step.</summary>
    /// <returns>Why it failed; null if it did not.</returns>
    public static async Task<TaskFailedException?> TryAsync(Func<Task> step)
    {
        try
        {
            await step();
            return null;
        }
        catch (TaskFailedException failure)
        {
            return failure;
        }
    }

    /// <summary>As <see cref="PersistAsync"/>, but not for ever: a step that cannot succeed is given up at once, any other after some hours.</summary>
    public static Task<TaskFailedException?> PersistWithinReasonAsync(TaskOrchestrationContext context, Func<Task> step) =>
        PersistAsync(context, step, (failure, failures) => failure.FailureDetails.IsNonRetriable || failures == MostAttempts);

    /// <summary>Does a step again and again, at longer and longer intervals: a tenant is not left closed because a server was away for an hour.</summary>
    /// <param name="context">The orchestration's.</param>
    /// <param name="step">What is done.</param>
    /// <param name="givesUp">Says by a failure, and by how many there have been, that no further attempt is made; never unless given.</param>
    /// <returns>The failure at which it was given up; null if it was done.</returns>
    public static async Task<TaskFailedException?> PersistAsync(
        TaskOrchestrationContext context, Func<Task> step, Func<TaskFailedException, int, bool>? givesUp = null)
    {
        var rest = ShortestRest;
        for (var failures = 1; await TryAsync(step) is { } failure; failures++)
        {
            if (givesUp?.Invoke(failure, failures) is true)
            {
                return failure;
            }

            await context.CreateTimer(rest);
            rest = rest * 2 < LongestRest ? rest * 2 : LongestRest;
        }

        return null;
    }
}
