using System.Runtime.ExceptionServices;
using Bibind.Durable.History;
using Microsoft.DurableTask;

namespace Bibind.Durable.Execution;

/// <summary>
/// Repeats a call by its policy, whose every wait is a durable timer, or as its handler says. Source of the rules: Durable
/// Task's <c>RetryInterceptor</c>; a failure that is marked as not retriable is never repeated, and one that asks for a wait gets it.
/// </summary>
internal static class Retries
{
    /// <summary>Makes the call.</summary>
    /// <param name="context">The orchestration's.</param>
    /// <param name="options">How it is repeated; null for not at all.</param>
    /// <param name="callAsync">Makes an attempt, of which it is told the number.</param>
    /// <param name="waitAsync">Waits between two attempts of a policy; answers true if no further one is to be made.</param>
    public static Task<T> RunAsync<T>(
        TaskOrchestrationContext context, TaskRetryOptions? options, Func<int, Task<T>> callAsync, Func<TimeSpan, Task<bool>> waitAsync) => options switch
        {
            { Policy: { } policy } => ByPolicyAsync(context, policy, callAsync, waitAsync),
            { Handler: { } handler } => ByHandlerAsync(context, handler, callAsync),
            _ => callAsync(1),
        };

    private static async Task<T> ByPolicyAsync<T>(
        TaskOrchestrationContext context, RetryPolicy policy, Func<int, Task<T>> callAsync, Func<TimeSpan, Task<bool>> waitAsync)
    {
        var firstAttemptAt = context.CurrentUtcDateTime;
        for (var (attempt, step) = (1, 1); ; attempt++, step++)
        {
            TaskFailedException failed;
            try
            {
                return await callAsync(attempt);
            }
            catch (TaskFailedException failure) when (MayRetry(policy, step, context.CurrentUtcDateTime - firstAttemptAt, failure.FailureDetails))
            {
                failed = failure;
            }

            // Attempts that fall into the wait are left out, but for the last one: the policy lasts as long as without it.
            var (delay, asked) = (policy.DelayAfter(step), failed.FailureDetails.RetryAfter);
            while (delay < asked && step + 1 < policy.MaxNumberOfAttempts)
            {
                delay += policy.DelayAfter(++step);
            }

            if (await waitAsync(delay))
            {
                ExceptionDispatchInfo.Throw(failed);
            }
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
                ExceptionDispatchInfo.Throw(failed);
            }
        }
    }

    private static bool MayRetry(RetryPolicy policy, int attempt, TimeSpan elapsed, TaskFailureDetails failure) =>
        attempt < policy.MaxNumberOfAttempts
        && !failure.IsNonRetriable
        && (policy.RetryTimeout == Timeout.InfiniteTimeSpan || elapsed < policy.RetryTimeout)
        && policy.Handle(CoreHistory.ExceptionOf(failure));
}
