namespace Bibind.Durable;

/// <summary>How an activity says that it failed: in words for people, whether trying again can help, and how long to wait before.</summary>
/// <remarks>
/// Message, retriability and wait are stored with the history. The cause is not: its words are a driver's, and may hold what is to be
/// seen by nobody. It is logged at level Debug.
/// </remarks>
public class ActivityFailureException : Exception
{
    /// <summary>A failure.</summary>
    /// <param name="message">The reason, in words a person understands. Never holds a secret.</param>
    /// <param name="isRetriable">False if trying again cannot help: the retry policy is not consulted.</param>
    /// <param name="retryAfter">How long whoever refused asked to wait; attempts that fall into that time are left out. Null if it did not say.</param>
    /// <param name="innerException">What caused it.</param>
    public ActivityFailureException(string message, bool isRetriable, TimeSpan? retryAfter = null, Exception? innerException = null)
        : base(message, innerException) => (IsRetriable, RetryAfter) = (isRetriable, retryAfter);

    /// <summary>False if trying again cannot help.</summary>
    public bool IsRetriable { get; }

    /// <summary>How long to wait before the next attempt, or null if the policy alone decides.</summary>
    public TimeSpan? RetryAfter { get; }
}
