using System.Text;

namespace Bibind.Functions.Triggers;

/// <summary>A queue message as a function sees it, whichever broker brought it.</summary>
/// <param name="Id">The broker's id: for logs only. A repetition is recognised by what the body says.</param>
/// <param name="Body">The text that was sent.</param>
/// <param name="Attempt">Which delivery this is, as the broker counts: 1 is the first.</param>
public sealed record QueueMessage(string Id, string Body, int Attempt)
{
    /// <summary>The longest body, in bytes of UTF-8, that a function is given, whatever its broker would carry.</summary>
    public const int LargestBody = 64 * 1024;

    /// <summary>What becomes of a message that no function is given because of its size, or null.</summary>
    public static QueueOutcome? RefuseSize(string body) =>
        Encoding.UTF8.GetByteCount(body) is var bytes and > LargestBody
            ? QueueOutcome.DeadLetter($"It has {bytes:N0} bytes; a message may have {LargestBody:N0} at most.")
            : null;
}

/// <summary>What becomes of a queue message. An exception means <see cref="Retry(TimeSpan?, string?)"/>.</summary>
public abstract record QueueOutcome
{
    private QueueOutcome()
    {
    }

    /// <summary>It is done with, and is deleted.</summary>
    public static QueueOutcome Complete { get; } = new Completed();

    /// <summary>It is delivered again; after as many attempts as the queue allows it is dead-lettered.</summary>
    /// <param name="delay">How long it rests first, or null for the queue's own growing delay.</param>
    /// <param name="reason">What is in the way, in words: told to people if no attempt is left.</param>
    public static QueueOutcome Retry(TimeSpan? delay = null, string? reason = null) => new Retried(delay, reason);

    /// <summary>No repetition would help: it goes to the poison queue, with the reason in words.</summary>
    public static QueueOutcome DeadLetter(string reason) => new DeadLettered(reason);

    /// <summary>See <see cref="Complete"/>.</summary>
    public sealed record Completed : QueueOutcome;

    /// <summary>See <see cref="Retry(TimeSpan?, string?)"/>.</summary>
    public sealed record Retried(TimeSpan? Delay, string? Reason) : QueueOutcome;

    /// <summary>See <see cref="DeadLetter(string)"/>.</summary>
    public sealed record DeadLettered(string Reason) : QueueOutcome;
}

/// <summary>A function that a queue message triggers.</summary>
public interface IQueueFunction
{
    /// <summary>Handles one message. May run again for the same message, at the same time too.</summary>
    Task<QueueOutcome> RunAsync(QueueMessage message, CancellationToken cancellationToken);
}
