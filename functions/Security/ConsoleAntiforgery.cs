using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Antiforgery;

namespace Bibind.Functions.Security;

/// <summary>
/// What tells our own pages from others that make a browser call: a token that follows from the session's cookie, which other pages cannot read. It is the same on
/// every machine, ends with the session, and is masked anew each time, so that a compressed page does not give it away.
/// </summary>
internal sealed class ConsoleAntiforgery(ConsoleCookies cookies) : IAntiforgery
{
    /// <summary>The field of forms.</summary>
    public const string Field = "RequestVerificationToken";

    /// <summary>The header of other calls.</summary>
    public const string Header = "X-CSRF-TOKEN";

    private const string Use = "antiforgery";
    private const int Bytes = 32;

    /// <inheritdoc/>
    public AntiforgeryTokenSet GetAndStoreTokens(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        if (BoundTo(httpContext) is { } cookie)
        {
            return TokensOf(cookie);
        }

        // Nobody is signed in: the form of the sign-in has a cookie of its own.
        var value = ConsoleCookies.NewValue();
        cookies.Set(httpContext, ConsoleCookies.Form, value, SameSiteMode.Strict);
        return TokensOf(value);
    }

    /// <inheritdoc/>
    public AntiforgeryTokenSet GetTokens(HttpContext httpContext) =>
        BoundTo(httpContext) is { } cookie ? TokensOf(cookie) : new AntiforgeryTokenSet(requestToken: null, cookieToken: null, Field, Header);

    /// <inheritdoc/>
    public async Task<bool> IsRequestValidAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        return IsFromOurPages(httpContext.Request) && BoundTo(httpContext) is { } cookie && await ReadAsync(httpContext) is { } token && IsOf(cookie, token);
    }

    /// <inheritdoc/>
    public async Task ValidateRequestAsync(HttpContext httpContext)
    {
        if (!await IsRequestValidAsync(httpContext))
        {
            throw new AntiforgeryValidationException("The token of our own pages is missing or wrong.");
        }
    }

    /// <inheritdoc/>
    public void SetCookieTokenAndHeader(HttpContext httpContext) => GetAndStoreTokens(httpContext);

    /// <summary>False where the browser says that another page makes it call, as current ones do; also one of a sibling host, as tenants' are.</summary>
    public static bool IsFromOurPages(HttpRequest request) => request.Headers["Sec-Fetch-Site"] is not [{ } site] || site is "same-origin" or "none";

    // The session's where one is signed in, else that of the form.
    private string? BoundTo(HttpContext context) =>
        CallerIdentity.Of(context.User)?.Session is not null ? cookies.Read(context, ConsoleCookies.Session) : cookies.Read(context, ConsoleCookies.Form);

    private static async Task<string?> ReadAsync(HttpContext context)
    {
        if (context.Request.Headers[Header] is [{ } header])
        {
            return header;
        }

        return context.Request.HasFormContentType && (await context.Request.ReadFormAsync(context.RequestAborted))[Field] is [{ } field] ? field : null;
    }

    private static AntiforgeryTokenSet TokensOf(string cookie)
    {
        Span<byte> token = stackalloc byte[2 * Bytes];
        RandomNumberGenerator.Fill(token[..Bytes]);
        var secret = ConsoleCookies.Derive(cookie, Use);
        for (var i = 0; i < Bytes; i++)
        {
            token[Bytes + i] = (byte)(token[i] ^ secret[i]);
        }

        return new AntiforgeryTokenSet(Base64Url.EncodeToString(token), cookieToken: null, Field, Header);
    }

    private static bool IsOf(string cookie, string given)
    {
        Span<byte> token = stackalloc byte[2 * Bytes];
        if (given.Length > 4 * Bytes || !Base64Url.IsValid(given) || Base64Url.GetMaxDecodedLength(given.Length) > token.Length
            || !Base64Url.TryDecodeFromChars(given, token, out var length) || length != token.Length)
        {
            return false;
        }

        for (var i = 0; i < Bytes; i++)
        {
            token[Bytes + i] ^= token[i];
        }

        return CryptographicOperations.FixedTimeEquals(token[Bytes..], ConsoleCookies.Derive(cookie, Use));
    }
}
