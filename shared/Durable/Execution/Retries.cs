namespace Bibind.Durable.Execution;

/// <summary>Repeats a call by its policy; every wait is a durable timer.</summary>
internal static class Retries
{
    public static async Task<T> RunAsync<T>(TaskOrchestrationContext context, RetryPolicy? policy, Func<int, Task<T>> callAsync)
    {
        var firstAttemptAt = context.CurrentUtcDateTime;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await callAsync(attempt);
            }
            catch (TaskFailedException failure) when (MayRetry(context, policy, attempt, firstAttemptAt, failure.FailureDetails))
            {
            }

            await context.CreateTimer(policy!.DelayAfter(attempt));
        }
    }

    private static bool MayRetry(
        TaskOrchestrationContext context, RetryPolicy? policy, int attempt, DateTime firstAttemptAt, TaskFailureDetails failure)
    {
        if (policy is null || attempt >= policy.MaxNumberOfAttempts || failure.IsNonRetriable)
        {
            return false;
        }

        var elapsed = context.CurrentUtcDateTime - firstAttemptAt;
        if (policy.RetryTimeout != Timeout.InfiniteTimeSpan && elapsed >= policy.RetryTimeout)
        {
            return false;
        }

        return policy.Handler is null || policy.Handler(new RetryContext(attempt, failure, elapsed));
    }
}
