using Microsoft.DurableTask;

namespace Bibind.Durable;

/// <summary>What Durable Task's failures have no place for: whether trying again can help and after which wait, and the cause at the root.</summary>
public static class FailureExtensions
{
    private const string NonRetriable = "IsNonRetriable";
    private const string RetryAfterSeconds = "RetryAfterSeconds";

    extension(TaskFailureDetails failure)
    {
        /// <summary>The failure at the root: the reason in the words of the code that failed.</summary>
        public TaskFailureDetails Root
        {
            get
            {
                var root = failure;
                while (root.InnerFailure is { } inner)
                {
                    root = inner;
                }

                return root;
            }
        }

        /// <summary>True if trying again cannot help.</summary>
        public bool IsNonRetriable => failure.Properties?.GetValueOrDefault(NonRetriable) is true;

        /// <summary>How long whoever refused asked to wait before the next attempt; null if it did not say.</summary>
        public TimeSpan? RetryAfter => failure.Properties?.GetValueOrDefault(RetryAfterSeconds) is double seconds ? TimeSpan.FromSeconds(seconds) : null;

        /// <summary>A failure that is not an exception of this process.</summary>
        /// <param name="errorType">The full name of the exception's type.</param>
        /// <param name="errorMessage">The reason in words. Never holds a secret.</param>
        /// <param name="stackTrace">The stack, for engineers.</param>
        /// <param name="innerFailure">What caused it.</param>
        /// <param name="isNonRetriable">True if trying again cannot help.</param>
        /// <param name="retryAfter">How long to wait before the next attempt.</param>
        public static TaskFailureDetails Create(
            string errorType, string errorMessage, string? stackTrace = null, TaskFailureDetails? innerFailure = null, bool isNonRetriable = false,
            TimeSpan? retryAfter = null)
        {
            var properties = new Dictionary<string, object?>();
            if (isNonRetriable)
            {
                properties[NonRetriable] = true;
            }

            if (retryAfter is { } wait)
            {
                properties[RetryAfterSeconds] = wait.TotalSeconds;
            }

            return new(errorType, errorMessage, stackTrace, innerFailure, properties.Count > 0 ? properties : null);
        }

        /// <summary>Describes an exception, with what a called task had failed of below it; of an activity's own failure without its cause.</summary>
        public static TaskFailureDetails Describe(Exception exception)
        {
            ArgumentNullException.ThrowIfNull(exception);
            return exception switch
            {
                TaskFailedException { FailureDetails: var details } failed => Create(
                    typeof(TaskFailedException).FullName!, failed.Message, failed.StackTrace, details, details.IsNonRetriable, details.RetryAfter),
                ActivityFailureException failed => Create(
                    failed.GetType().FullName!, failed.Message, failed.StackTrace, innerFailure: null, !failed.IsRetriable, failed.RetryAfter),
                _ => Create(
                    exception.GetType().FullName!, exception.Message, exception.StackTrace,
                    exception.InnerException is { } inner ? Describe(inner) : null),
            };
        }
    }

    private static object? GetValueOrDefault(this IDictionary<string, object?> properties, string key) =>
        properties.TryGetValue(key, out var value) ? value : null;
}

/// <summary>What Durable Task's exception of a failed call has no place for.</summary>
public static class TaskFailedExceptionExtensions
{
    extension(TaskFailedException failed)
    {
        /// <summary>The root cause in words.</summary>
        public string Reason => failed.FailureDetails.Root.ErrorMessage;
    }
}
