using Bibind.Durable.History;
using Microsoft.DurableTask;

namespace Bibind.Durable.Execution;

/// <summary>
/// Repeats a call by its policy, whose every wait is a durable timer, or as its handler says. Source of the rules: Durable
/// Task's <c>RetryInterceptor</c>; a failure that is marked as not retriable is never repeated.
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
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await callAsync(attempt);
            }
            catch (TaskFailedException failure) when (MayRetry(policy, attempt, context.CurrentUtcDateTime - firstAttemptAt, failure.FailureDetails))
            {
            }

            await context.CreateTimer(policy.DelayAfter(attempt));
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
        // The policy's handler takes the exception of Durable Task's core, which carries the details.
        && policy.Handle(new global::DurableTask.Core.Exceptions.TaskFailedException(failure.ErrorMessage) { FailureDetails = CoreHistory.From(failure) });
}
