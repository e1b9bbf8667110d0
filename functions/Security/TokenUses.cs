using System.Collections.Concurrent;
using System.Threading.Channels;
using Bibind.ControlPlane.Tokens;

namespace Bibind.Functions.Security;

/// <summary>
/// Accepts tokens of the settings until they end, and notes which were presented: before a token is taken away, an operator sees whether
/// somebody still uses it. Requests never wait for that.
/// </summary>
internal sealed class TokenUses(TimeProvider time, ILogger<TokenUses> logger)
{
    /// <summary>A token that is used all the time is noted this often by each host.</summary>
    public static readonly TimeSpan Precision = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan BetweenReminders = TimeSpan.FromHours(1);

    // More than there are tokens: each waits here once at most, unless the database does not keep up for minutes.
    private readonly Channel<TokenUse> _noted = Channel.CreateBounded<TokenUse>(
        new BoundedChannelOptions(1000) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly ConcurrentDictionary<(TokenName Token, bool IsRefused), DateTimeOffset> _last = new();
    private readonly ConcurrentDictionary<TokenName, DateTimeOffset> _reminded = new();

    /// <summary>What is to be recorded.</summary>
    public ChannelReader<TokenUse> Noted => _noted.Reader;

    /// <summary>True if the token has not ended; either way it is noted that it was presented.</summary>
    public bool Accept(TokenName token)
    {
        var now = time.GetUtcNow();
        var isRefused = token.NotAfter <= now;
        var before = _last.GetValueOrDefault((token, isRefused));
        if (now - before >= Precision && (before == default ? _last.TryAdd((token, isRefused), now) : _last.TryUpdate((token, isRefused), now, before)))
        {
            _noted.Writer.TryWrite(new TokenUse(KindOf(token), token.Caller, token.Label, now, isRefused));
            Log(token, isRefused, isFirst: before == default, now);
        }

        return !isRefused;
    }

    /// <summary>Takes no more; what was noted can still be read.</summary>
    public void Complete() => _noted.Writer.TryComplete();

    /// <summary>The kind as it is stored and shown.</summary>
    public static string KindOf(TokenName token) => token.Kind.ToString().ToLowerInvariant();

    private void Log(TokenName token, bool isRefused, bool isFirst, DateTimeOffset now)
    {
        if (isRefused)
        {
            Logs.EndedTokenPresented(logger, KindOf(token), token.Label, token.Caller, token.NotAfter!.Value);
        }
        else if (token.NotAfter is { } end && now - _reminded.GetValueOrDefault(token) >= BetweenReminders)
        {
            _reminded[token] = now;
            Logs.EndingTokenUsed(logger, KindOf(token), token.Label, token.Caller, end);
        }
        else if (isFirst)
        {
            Logs.TokenUsed(logger, KindOf(token), token.Label, token.Caller);
        }
    }
}

/// <summary>Writes down what <see cref="TokenUses"/> noted.</summary>
internal sealed class TokenUseRecorder(TokenUses uses, TokenUseStore store, ILogger<TokenUseRecorder> logger) : BackgroundService
{
    private static readonly TimeSpan WriteLimit = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public override Task StopAsync(CancellationToken cancellationToken)
    {
        uses.Complete();
        return base.StopAsync(cancellationToken);
    }

    // Until what was noted before the stop is written, too: each with its limit.
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var use in uses.Noted.ReadAllAsync(CancellationToken.None))
        {
            using var limit = new CancellationTokenSource(WriteLimit);
            try
            {
                await store.RecordAsync(use, limit.Token);
            }
            catch (Exception failed)
            {
                // Whoever goes on using the token is noted again in a minute.
                Logs.TokenUseNotRecorded(logger, use.Kind, use.Label, use.Caller, failed);
            }
        }
    }
}
