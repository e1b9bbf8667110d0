using System.Collections.Concurrent;
using Bibind.ControlPlane.Notices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Notices;

/// <summary>Sends what is due, some at once. Any number of hosts may do this at the same time.</summary>
public sealed class NoticeSender(
    NoticeQueue queue, MailSender mail, WebhookSender webhooks, IOptions<NoticeOptions> options, TimeProvider time, ILogger<NoticeSender> logger)
{
    private const long MailServer = 0;

    // A receiver that nothing reaches is not tried for every one of ten thousand letters.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<long, DateTimeOffset> _away = new();

    /// <summary>Sends until nothing is due or it is told to stop; what is under way then is finished first. Answers how many attempts were made.</summary>
    public async Task<int> RunAsync(CancellationToken stopping)
    {
        if (await TakeAsync(stopping) is not { } first)
        {
            return 0;
        }

        var attempts = 0;
        await Task.WhenAll(Enumerable.Range(0, options.Value.Concurrency).Select(n => Task.Run(() => WorkAsync(n == 0 ? first : null), CancellationToken.None)));
        return attempts;

        async Task WorkAsync(TakenDelivery? taken)
        {
            for (taken ??= await TakeAsync(stopping); taken is not null; taken = stopping.IsCancellationRequested ? null : await TakeAsync(stopping))
            {
                await SendAsync(taken);
                Interlocked.Increment(ref attempts);
            }
        }
    }

    private async Task<TakenDelivery?> TakeAsync(CancellationToken stopping)
    {
        var now = time.GetUtcNow();
        var away = _away.Where(a => a.Value > now).Select(a => a.Key).ToHashSet();
        return await queue.TakeAsync(away.Contains(MailServer), away, stopping);
    }

    // Not cancelled by the host's end: what is half sent would be sent twice.
    private async Task SendAsync(TakenDelivery taken)
    {
        AttemptEnd end;
        try
        {
            end = taken.Channel == NoticeChannels.Email
                ? await mail.SendAsync(taken, CancellationToken.None)
                : await webhooks.SendAsync(taken, CancellationToken.None);
        }
        catch (Exception failure)
        {
            // Such as a master key that is not the one that the secret was stored with: seen in the log, tried again later.
            logger.NoticeNotSent(taken.NoticeId, taken.Channel, taken.Attempts, failure);
            end = new AttemptEnd(AttemptResults.Failed, $"It could not be sent from here: {failure.GetType().Name}; the log of this time says more.");
        }

        if (end.IsAway)
        {
            _away[taken.EndpointId ?? MailServer] = time.GetUtcNow() + Pause;
        }

        await queue.EndAsync(taken, end, CancellationToken.None);
        if (end.Result == AttemptResults.Sent)
        {
            logger.NoticeSent(taken.NoticeId, taken.Channel, taken.Attempts);
        }
        else
        {
            logger.NoticeFailed(taken.NoticeId, taken.Channel, taken.Attempts, end.Words);
        }
    }
}
