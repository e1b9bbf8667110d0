using Bibind.Durable.History;
using Microsoft.DurableTask;

namespace Bibind.Durable.Execution;

/// <summary>
/// Repeats a call by its policy, whose every wait is a durable timer, or as its handler says. Source of the rules: Durable
/// Task's <c>RetryInterceptor</c>; a failure that is marked as not retriable is never repeated, and one that asks for a wait gets it.
/// </summary>
internal static class Retries
{
    public static Task<T> RunAsync<T>(TaskOrchestrationContext context, TaskRetryOptions? options, Func<int, Task<T>> callAsync) => options switch
    {
        { Policy: { } policy } => ByPolicyAsync(context, policy, callAsync),
        { Handler: { } handler } => ByHandlerAsync(context, handler, callAsync),
        _ => callAsync(1),
    };

    private static async Task<T> ByPolicyAsync<T>(TaskOrchestrationContext context, RetryPolicy policy, Func<int, Task<T>> callAsync)
    {
        var firstAttemptAt = context.CurrentUtcDateTime;
        for (var (attempt, step) = (1, 1); ; attempt++, step++)
        {
            TimeSpan? asked;
            try
            {
                return await callAsync(attempt);
            }
            catch (TaskFailedException failure) when (MayRetry(policy, step, context.CurrentUtcDateTime - firstAttemptAt, failure.FailureDetails))
            {
                asked = failure.FailureDetails.RetryAfter;
            }

            // Attempts that fall into the wait are left out, but for the last one: the policy lasts as long as without it.
            var delay = policy.DelayAfter(step);
            while (delay < asked && step + 1 < policy.MaxNumberOfAttempts)
            {
                delay += policy.DelayAfter(++step);
            }

            await context.CreateTimer(delay);
        }
    }

    private static async Task<T> ByHandlerAsync<T>(TaskOrchestrationContext context, AsyncRetryHandler handler, Func<int, Task<T>> callAsync)
    {
        var firstAttemptAt = context.CurrentUtcDateTime;
        for (var attempt = 1; ; attempt++)
        {
            TaskFailedException failed;
            try
            {
                return await callAsync(attempt);
            }
            catch (TaskFailedException failure) when (!failure.FailureDetails.IsNonRetriable)
            {
                failed = failure;
            }

            var asked = new RetryContext(context, attempt, failed.FailureDetails, context.CurrentUtcDateTime - firstAttemptAt, CancellationToken.None);
            if (!await handler(asked))
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failed);
            }
        }
    }

    private static bool MayRetry(RetryPolicy policy, int attempt, TimeSpan elapsed, TaskFailureDetails failure) =>
        attempt < policy.MaxNumberOfAttempts
        && !failure.IsNonRetriable
        && (policy.RetryTimeout == Timeout.InfiniteTimeSpan || elapsed < policy.RetryTimeout)
        && policy.Handle(CoreHistory.ExceptionOf(failure));
}
