using System.Text.Json.Serialization;

namespace Bibind.Durable;

/// <summary>A failure as it is stored and carried between machines.</summary>
/// <param name="ErrorType">The full name of the exception's type.</param>
/// <param name="ErrorMessage">The exception's message. Never holds a secret: activities see to that.</param>
/// <param name="StackTrace">The stack, for engineers.</param>
/// <param name="InnerFailure">What caused it.</param>
/// <param name="IsNonRetriable">True if trying again cannot help.</param>
public sealed record TaskFailureDetails(
    string ErrorType,
    string ErrorMessage,
    string? StackTrace = null,
    TaskFailureDetails? InnerFailure = null,
    bool IsNonRetriable = false)
{
    /// <summary>The failure at the root: the reason in the words of the code that failed.</summary>
    [JsonIgnore]
    public TaskFailureDetails Root => InnerFailure?.Root ?? this;

    /// <summary>Describes an exception.</summary>
    public static TaskFailureDetails From(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return exception switch
        {
            TaskFailedException failed => new TaskFailureDetails(
                typeof(TaskFailedException).FullName!, failed.Message, failed.StackTrace, failed.FailureDetails, failed.FailureDetails.IsNonRetriable),
            _ => new TaskFailureDetails(
                exception.GetType().FullName!,
                exception.Message,
                exception.StackTrace,
                exception.InnerException is { } inner ? From(inner) : null,
                exception is PermanentFailureException),
        };
    }

    /// <inheritdoc/>
    public override string ToString() => $"{ErrorType}: {ErrorMessage}";
}

/// <summary>An activity or sub-orchestration failed for good; thrown into the orchestrator that called it.</summary>
public sealed class TaskFailedException : Exception
{
    /// <summary>Wraps a stored failure.</summary>
    public TaskFailedException(string taskName, int taskId, TaskFailureDetails failureDetails)
        : base($"Task '{taskName}' (#{taskId}) failed with an unhandled exception: {failureDetails?.ErrorMessage}")
    {
        ArgumentNullException.ThrowIfNull(failureDetails);
        TaskName = taskName;
        TaskId = taskId;
        FailureDetails = failureDetails;
    }

    /// <summary>The name that was called.</summary>
    public string TaskName { get; }

    /// <summary>The id of the call within the execution.</summary>
    public int TaskId { get; }

    /// <summary>The failure as the callee reported it.</summary>
    public TaskFailureDetails FailureDetails { get; }

    /// <summary>The root cause in words.</summary>
    public string Reason => FailureDetails.Root.ErrorMessage;
}

/// <summary>Thrown by an activity when trying again cannot help; the retry policy is not consulted.</summary>
public class PermanentFailureException : Exception
{
    /// <summary>A permanent failure.</summary>
    /// <param name="message">The reason, in words a person understands.</param>
    /// <param name="innerException">What caused it.</param>
    public PermanentFailureException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
