using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Bibind.ControlPlane.Tokens;
using Bibind.Functions.Problems;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Security;

/// <summary>
/// Tokens that operators make: <c>bib_</c>, 256 random bits, and a checksum, by which programs that look for leaked credentials recognise them, and we what is none
/// without asking the database. One that is revoked works no longer than <see cref="CacheLifetime"/> anywhere.
/// </summary>
internal sealed class OperatorTokens(OperatorTokenStore store, TimeProvider time)
{
    /// <summary>How long a revoked token may still work.</summary>
    public static readonly TimeSpan CacheLifetime = TimeSpan.FromSeconds(3);

    private const string Prefix = "bib_";
    private const int RandomLength = 43;
    private const int SumLength = 6;
    private const int HintLength = 4;
    private readonly ExpiringCache<OperatorToken?> _known = new(time);

    /// <summary>A new token.</summary>
    public static string NewToken()
    {
        var random = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        return Prefix + random + SumOf(random);
    }

    /// <summary>True for what can be such a token.</summary>
    public static bool IsOne(string token) =>
        token.Length == Prefix.Length + RandomLength + SumLength && token.StartsWith(Prefix, StringComparison.Ordinal)
        && token[^SumLength..] == SumOf(token.Substring(Prefix.Length, RandomLength));

    /// <summary>By what an operator recognises a token.</summary>
    public static string HintOf(string token) => token[..(Prefix.Length + HintLength)];

    /// <summary>Whose token it is.</summary>
    /// <exception cref="TokenRefusedException">Nobody's, or it is over.</exception>
    public async Task<OperatorToken> GetAsync(string token, CancellationToken cancellationToken)
    {
        var hash = TokenHash.Of(token);
        var now = time.GetUtcNow();
        if (!_known.TryGet(hash, out var known))
        {
            known = await store.UseAsync(hash, cancellationToken);
            _known.Keep(hash, known, now + CacheLifetime);
        }

        return known switch
        {
            null => throw new TokenRefusedException("The token is unknown; ask an operator for a valid one."),
            { RevokedAt: { } at } => throw new TokenRefusedException($"The token was revoked at {at:u}; ask an operator for another one."),
            { ExpiresAt: var end } when end <= now => throw new TokenRefusedException($"The token ended at {end:u}; ask an operator for another one."),
            var valid => valid,
        };
    }

    /// <summary>Forgets what is known of a token here, so that this host refuses it at once.</summary>
    public void Forget(long id) => _known.Forget(token => token?.Id == id);

    /// <summary>Who calls with a token.</summary>
    public static Caller CallerOf(OperatorToken token) =>
        new(token.Name, Enum.Parse<Role>(token.Role, ignoreCase: true)) { Customer = token.Customer, Source = "token", MadeBy = token.CreatedBy, MadeAt = token.CreatedAt };

    private static string SumOf(string random) => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes($"{Prefix}{random}")))[..SumLength];
}

/// <summary>Lets in callers with tokens that operators made.</summary>
internal sealed class OperatorTokenHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, OperatorTokens tokens, IControlPlaneReadiness readiness)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (BearerToken.Read(Request) is not { } token)
        {
            return AuthenticateResult.NoResult();
        }

        try
        {
            await readiness.EnsureReadyAsync(Context.RequestAborted);
            return CallerIdentity.Ticket(OperatorTokens.CallerOf(await tokens.GetAsync(token, Context.RequestAborted)), Scheme.Name);
        }
        catch (TokenRefusedException refused)
        {
            return AuthenticateResult.Fail(refused);
        }
    }
}
