namespace Bibind.Activities.RateLimits;

/// <summary>A service asked us to come back later; a later attempt may succeed.</summary>
/// <param name="message">The reason in words.</param>
/// <param name="retryAfter">How long it asked us to wait, or null if it did not say.</param>
public sealed class RateLimitedException(string message, TimeSpan? retryAfter) : TransientFailureException(message, innerException: null, retryAfter);
