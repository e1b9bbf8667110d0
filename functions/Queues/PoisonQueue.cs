using System.Text.Json;
using Bibind.Functions.Problems;
using Bibind.Functions.Queues.Brokers;

namespace Bibind.Functions.Queues;

/// <summary>A message in a poison queue: <c>{"deadLetter": {…}}</c>.</summary>
/// <param name="Queue">Where it was; sending <paramref name="Body"/> there again replays it.</param>
/// <param name="MessageId">The broker's id at that time.</param>
/// <param name="Reason">Why it is here, in words.</param>
/// <param name="Attempts">How often it was delivered.</param>
/// <param name="At">When it was put here.</param>
/// <param name="Body">What was sent, untouched.</param>
/// <param name="Undecoded">True if the body could not be decoded and is shown as the broker held it.</param>
internal sealed record DeadLetter(string Queue, string MessageId, string Reason, int Attempts, DateTimeOffset At, string Body, bool Undecoded);

/// <summary>The queue <c>{queue}-poison</c>, for what nobody could handle.</summary>
internal sealed class PoisonQueue(IQueueBroker broker, string queue, TimeProvider time, bool create = false)
{
    private const int LongestReason = 2000;
    private readonly IBrokerQueue _poison = broker.Open(NameOf(queue));

    public string Name => _poison.Name;

    public static string NameOf(string queue) => $"{queue}-poison";

    public Task CreateAsync(CancellationToken cancellationToken) => _poison.CreateAsync(cancellationToken);

    /// <summary>
    /// Copies a message here. Whoever calls deletes it afterwards: broken off in between, it is here twice rather than nowhere.
    /// </summary>
    public async Task AddAsync(BrokerMessage message, string reason, CancellationToken cancellationToken)
    {
        var letter = new DeadLetter(
            queue, message.Id, reason.Length <= LongestReason ? reason : $"{reason[..LongestReason]}…", message.Attempt, time.GetUtcNow(),
            message.Body ?? message.Raw, Undecoded: message.Body is null);
        try
        {
            await _poison.SendAsync(JsonSerializer.Serialize(new { DeadLetter = letter }, ApiJson.Options), TimeSpan.Zero, cancellationToken);
        }
        catch (MessageTooLargeException)
        {
            // With the reason beside it, it would not fit any more. The log has the reason; the message itself matters more.
            await _poison.ForwardAsync(message, cancellationToken);
        }
        catch (Exception failure) when (create && failure is not OperationCanceledException)
        {
            // Perhaps somebody deleted the queue; whoever calls tries again.
            await _poison.CreateAsync(cancellationToken);
            throw;
        }
    }
}
