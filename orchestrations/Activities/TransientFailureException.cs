using Bibind.Durable;

namespace Bibind.Activities;

/// <summary>An activity failed in a way that a later attempt may mend.</summary>
/// <param name="message">The reason in words.</param>
/// <param name="innerException">What caused it.</param>
/// <param name="retryAfter">How long whoever refused asked to wait, or null if it did not say.</param>
public class TransientFailureException(string message, Exception? innerException = null, TimeSpan? retryAfter = null)
    : ActivityFailureException(message, isRetriable: true, retryAfter, innerException);
