using Bibind.ControlPlane.Sessions;
using Bibind.ControlPlane.Tokens;

namespace Bibind.Functions.Security;

/// <summary>Who is signed in at the console. What is known of a session is asked again after <see cref="CacheLifetime"/>: one that is ended elsewhere works here no longer than that.</summary>
internal sealed class ConsoleSessions(ConsoleSessionStore store, ConsoleCookies cookies, SignInOptions options, Callers callers, TimeProvider time)
{
    /// <summary>How long a session that was ended elsewhere may still work here.</summary>
    public static readonly TimeSpan CacheLifetime = TimeSpan.FromSeconds(5);

    private readonly ExpiringCache<ConsoleSession> _known = new(time);

    /// <summary>Begins a session; whatever session the browser had before is over, and its cookie's value means nothing any more.</summary>
    /// <param name="context">The call.</param>
    /// <param name="caller">Who signed in.</param>
    /// <param name="tokenId">The operator's token that they signed in with.</param>
    /// <param name="tokenLabel">The label of the settings' token that they signed in with.</param>
    /// <param name="idToken">What signs them out at the issuer.</param>
    /// <param name="address">Where from.</param>
    /// <param name="record">Records it: before that the browser gets nothing that would open anything.</param>
    public async Task<Caller> BeginAsync(
        HttpContext context, Caller caller, long? tokenId, string? tokenLabel, string? idToken, string? address, Func<Caller, Task> record)
    {
        if (cookies.Read(context, ConsoleCookies.Session) is { } former && await FindAsync(former, context.RequestAborted) is { } before)
        {
            await EndAsync(before.Id, before.Actor, context.RequestAborted);
        }

        var value = ConsoleCookies.NewValue();
        var role = caller.Role!.Value.ToName();
        var id = await store.BeginAsync(
            new NewConsoleSession(TokenHash.Of(value), caller.Name, role, caller.Source)
            {
                TokenId = tokenId,
                TokenLabel = tokenLabel,
                Address = address,
                Lifetime = options.Console.SessionLifetime,
            },
            idToken, context.RequestAborted);
        var inSession = caller with { Session = id };
        await record(inSession);
        cookies.Set(context, ConsoleCookies.Session, value, SameSiteMode.Lax);
        return inSession;
    }

    /// <summary>The session whose cookie has this value; null if there is none, or it is over.</summary>
    public async Task<ConsoleSession?> FindAsync(string value, CancellationToken cancellationToken)
    {
        var hash = TokenHash.Of(value);
        var now = time.GetUtcNow();
        if (_known.TryGet(hash, out var known) && now < known.EndsAt)
        {
            return known;
        }

        if (await store.FindAsync(hash, options.Console.IdleLimit, cancellationToken) is not { } found || !IsTokenThere(found))
        {
            return null;
        }

        _known.Keep(hash, found, now + CacheLifetime);
        return found;
    }

    /// <summary>Ends a session here at once, elsewhere within <see cref="CacheLifetime"/>; false if it was over.</summary>
    public async Task<bool> EndAsync(long id, string by, CancellationToken cancellationToken)
    {
        var ended = await store.EndAsync(id, by, cancellationToken);
        _known.Forget(session => session.Id == id);
        return ended;
    }

    /// <summary>Who calls in a session.</summary>
    public static Caller CallerOf(ConsoleSession session) =>
        new(session.Actor, Enum.Parse<Role>(session.Role, ignoreCase: true)) { Source = session.Source, Session = session.Id };

    /// <summary>How long a session may lie unused.</summary>
    public TimeSpan IdleLimit => options.Console.IdleLimit;

    // A token of the settings that was taken away, or has ended, opens nothing any more; nor does its session.
    private bool IsTokenThere(ConsoleSession session) => session.Source != "api" || callers.Bearers.Any(
        b => b.Name.Caller == session.Actor && b.Name.Label == session.TokenLabel && !(b.Name.NotAfter <= time.GetUtcNow())
            && b.Owner.Customer is null && string.Equals(b.Owner.Role?.ToString(), session.Role, StringComparison.OrdinalIgnoreCase));
}
