namespace Bibind.Durable;

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
