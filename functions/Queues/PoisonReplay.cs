using System.Text.Json;
using Bibind.Functions.Problems;
using Bibind.Functions.Queues.Brokers;

namespace Bibind.Functions.Queues;

/// <summary>A message that lies in a poison queue.</summary>
/// <param name="Id">The id that it had in its queue; of one that came without a letter, the broker's own.</param>
/// <param name="Reason">Why it is here.</param>
/// <param name="Attempts">How often it had been delivered; 0 where that is not known.</param>
/// <param name="At">Since when.</param>
internal sealed record PoisonEntry(string Id, string Reason, int Attempts, DateTimeOffset? At);

/// <summary>
/// Looks through the poison queue of one queue at one broker, and sends messages back. Each is sent before it is deleted here: broken
/// off in between it is in both, and a function recognises what it has done already.
/// </summary>
internal sealed class PoisonReplay(IQueueBroker broker, string queue)
{
    // Nobody else takes what is held, and what is not given back shows itself again after that time.
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(5);

    // A broker of many machines may answer with nothing though there is something.
    private const int EmptyAnswers = 3;

    private readonly IBrokerQueue _queue = broker.Open(queue);
    private readonly IBrokerQueue _poison = broker.Open(PoisonQueue.NameOf(queue));

    /// <summary>What lies there, as it came out.</summary>
    public Task<IReadOnlyList<PoisonEntry>> ListAsync(CancellationToken cancellationToken) => EachAsync((_, _) => Task.FromResult(false), cancellationToken);

    /// <summary>Sends those back that are chosen; answers them.</summary>
    /// <param name="isChosen">Whether one is to be sent back.</param>
    /// <param name="sent">Is told of each that has been.</param>
    public async Task ReplayAsync(Func<PoisonEntry, bool> isChosen, Action<PoisonEntry> sent, CancellationToken cancellationToken)
    {
        // One that is sent back, and refused again meanwhile, must not go round in circles.
        var bodies = new HashSet<string>(StringComparer.Ordinal);
        await EachAsync(
            async (message, entry) =>
            {
                if (!isChosen(entry) || !bodies.Add(LetterIn(message)?.Body ?? message.Raw))
                {
                    return false;
                }

                await SendBackAsync(message, cancellationToken);
                await _poison.DeleteAsync(message, cancellationToken);
                sent(entry);
                return true;
            },
            cancellationToken);
    }

    /// <summary>Deletes those for good that are chosen.</summary>
    /// <param name="isChosen">Whether one is to be deleted.</param>
    /// <param name="deleted">Is told of each that has been.</param>
    public Task DeleteAsync(Func<PoisonEntry, bool> isChosen, Action<PoisonEntry> deleted, CancellationToken cancellationToken) => EachAsync(
        async (message, entry) =>
        {
            if (!isChosen(entry))
            {
                return false;
            }

            await _poison.DeleteAsync(message, cancellationToken);
            deleted(entry);
            return true;
        },
        cancellationToken);

    private async Task<IReadOnlyList<PoisonEntry>> EachAsync(Func<BrokerMessage, PoisonEntry, Task<bool>> take, CancellationToken cancellationToken)
    {
        var (seen, kept, entries, empty) = (new HashSet<string>(StringComparer.Ordinal), new List<BrokerMessage>(), new List<PoisonEntry>(), 0);
        try
        {
            while (empty < EmptyAnswers)
            {
                var messages = await _poison.ReceiveAsync(_poison.LargestBatch, Lease, mayWait: false, cancellationToken);

                // Known ones come again when a lease has run out: then everything has been seen.
                empty = messages.Any(m => !seen.Contains(m.Id)) ? 0 : empty + 1;
                foreach (var message in messages)
                {
                    var entry = Read(message);
                    if (seen.Add(message.Id))
                    {
                        entries.Add(entry);
                    }

                    kept.Add(message);
                    if (await take(message, entry))
                    {
                        kept.Remove(message);
                    }
                }
            }
        }
        finally
        {
            await ShowAsync(kept);
        }

        return entries;
    }

    private async Task SendBackAsync(BrokerMessage message, CancellationToken cancellationToken)
    {
        switch (LetterIn(message))
        {
            case null:
                await _queue.ForwardAsync(message, cancellationToken);
                break;
            case { Undecoded: true } undecoded:
                await _queue.ForwardAsync(new BrokerMessage(undecoded.MessageId, undecoded.Body, Body: null, undecoded.Attempts) { Receipt = string.Empty }, cancellationToken);
                break;
            case var letter:
                await _queue.SendAsync(letter.Body, TimeSpan.Zero, cancellationToken);
                break;
        }
    }

    private async Task ShowAsync(IEnumerable<BrokerMessage> messages)
    {
        foreach (var message in messages)
        {
            try
            {
                await _poison.HideAsync(message, TimeSpan.Zero, CancellationToken.None);
            }
            catch (MessageLeaseLostException)
            {
                // It shows itself.
            }
        }
    }

    private static PoisonEntry Read(BrokerMessage message) => LetterIn(message) is { } letter
        ? new PoisonEntry(letter.MessageId, letter.Reason, letter.Attempts, letter.At)
        : new PoisonEntry(message.Id, Guess(message), 0, message.InsertedAt);

    // The Functions host copies the body as it is, without a word: after maxDequeueCount failures, or what it cannot decode.
    private static string Guess(BrokerMessage message) => message.Problem is { } problem
        ? $"The platform put it here: {problem}"
        : "The platform put it here after too many attempts, or it was too large to carry its reason: the log of that time has the failures.";

    private static DeadLetter? LetterIn(BrokerMessage message)
    {
        try
        {
            // Somebody's own message may look like one.
            return message.Body is { } body && JsonSerializer.Deserialize<Wrapped>(body, ApiJson.Options)?.DeadLetter is { MessageId: not null, Reason: not null, Body: not null } letter
                ? letter : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record Wrapped(DeadLetter? DeadLetter);
}
