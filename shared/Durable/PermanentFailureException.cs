namespace Bibind.Durable;

/// <summary>Thrown by an activity when trying again cannot help; the retry policy is not consulted.</summary>
/// <param name="message">The reason, in words a person understands.</param>
/// <param name="innerException">What caused it.</param>
public class PermanentFailureException(string message, Exception? innerException = null)
    : ActivityFailureException(message, isRetriable: false, retryAfter: null, innerException);
