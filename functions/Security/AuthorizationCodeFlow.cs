using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Bibind.Functions.Problems;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Bibind.Functions.Security;

/// <summary>What came of a sign-in at the issuer.</summary>
/// <param name="Caller">Who came back; null if nobody did.</param>
/// <param name="Path">The page that they wanted.</param>
/// <param name="IdToken">What signs them out there.</param>
/// <param name="Refusal">Why they may not come in; null if they may.</param>
internal sealed record CodeFlowResult(Caller? Caller, string Path, string? IdToken, string? Refusal);

/// <summary>
/// Sends people to the issuer and takes them back (OpenID Connect, code with PKCE). All that a sign-in needs follows from one random cookie: state, nonce and the
/// code's proof. So nothing of it is stored, any machine takes them back, and nobody can end one that another browser began.
/// </summary>
internal sealed class AuthorizationCodeFlow(SignInOptions options, ConsoleCookies cookies, IssuerExchange exchange, IServiceProvider services)
{
    /// <summary>Where the issuer sends people back to.</summary>
    public const string Callback = "/console/callback";

    private const int LongestPath = 500;
    private const int LongestCode = 4096;

    /// <summary>True if people sign in at an issuer.</summary>
    public bool IsThere => options.Console.Client is not null && options.Issuer is not null;

    /// <summary>Begins a sign-in; answers the issuer's address to go to.</summary>
    public async Task<string> StartAsync(HttpContext context, string path)
    {
        var origin = OriginOf(context);
        var client = options.Console.Client!;
        var issuer = await FindIssuerAsync(context.RequestAborted);
        var value = ConsoleCookies.NewValue();
        cookies.Set(context, ConsoleCookies.CodeFlow, value, SameSiteMode.Lax);
        path = path.Length > LongestPath ? ReturnPath.Console : path;
        return QueryHelpers.AddQueryString(issuer.AuthorizationEndpoint, new Dictionary<string, string?>
        {
            ["client_id"] = client.Id,
            ["response_type"] = "code",
            ["scope"] = client.Scopes,
            ["redirect_uri"] = origin + Callback,
            ["state"] = StateOf(value, path),
            ["nonce"] = NonceOf(value),
            ["code_challenge"] = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(ProofOf(value)))),
            ["code_challenge_method"] = "S256",
        });
    }

    /// <summary>Ends a sign-in, whoever comes back with whatever.</summary>
    /// <exception cref="ProblemException">503: the issuer does not answer.</exception>
    public async Task<CodeFlowResult> EndAsync(HttpContext context)
    {
        var query = context.Request.Query;
        if (cookies.Read(context, ConsoleCookies.CodeFlow) is not { } value || query["state"] is not [{ } state] || ReadPath(value, state) is not { } path)
        {
            return Refuse(ReturnPath.Console, "This sign-in was begun in another browser, or is over already. Sign in again.");
        }

        // Whatever comes of it, nobody comes back twice.
        cookies.Remove(context, ConsoleCookies.CodeFlow);
        if (query.TryGetValue("iss", out var named) && named.ToString() != options.IssuerName)
        {
            return Refuse(path, "Another issuer than the configured one answered.");
        }

        if (query.ContainsKey("error"))
        {
            return Refuse(path, $"The issuer did not let you in ({Word(query["error"].ToString())}).");
        }

        if (query["code"] is not [{ Length: > 0 and <= LongestCode } code])
        {
            return Refuse(path, "The issuer sent no code. Sign in again.");
        }

        try
        {
            var (caller, idToken) = await exchange.RedeemAsync(code, OriginOf(context) + Callback, ProofOf(value), NonceOf(value), context.RequestAborted);
            return new CodeFlowResult(caller, path, idToken, Refusal: null);
        }
        catch (TokenRefusedException refused)
        {
            return Refuse(path, refused.Message);
        }
    }

    /// <summary>Where somebody is signed out at the issuer, too; null if they did not sign in there, or it has no such address.</summary>
    public async Task<string?> FindSignOutAsync(HttpContext context, string? idToken)
    {
        if (!IsThere || idToken is null)
        {
            return null;
        }

        try
        {
            var issuer = await FindIssuerAsync(context.RequestAborted);
            return string.IsNullOrEmpty(issuer.EndSessionEndpoint) ? null : QueryHelpers.AddQueryString(issuer.EndSessionEndpoint, new Dictionary<string, string?>
            {
                ["id_token_hint"] = idToken,
                ["client_id"] = options.Console.Client!.Id,
                ["post_logout_redirect_uri"] = OriginOf(context) + ConsolePages.SignIn,
            });
        }
        catch (ProblemException)
        {
            // The issuer is away: here they are signed out all the same.
            return null;
        }
    }

    private static CodeFlowResult Refuse(string path, string reason) => new(Caller: null, path, IdToken: null, reason);

    private Task<OpenIdConnectConfiguration> FindIssuerAsync(CancellationToken cancellationToken) =>
        services.GetRequiredService<IssuerKeys>().GetConfigurationAsync(cancellationToken);

    // The name by which a browser asks is nothing to build upon, but on this machine.
    private string OriginOf(HttpContext context) => options.Console.PublicUrl?.GetLeftPart(UriPartial.Authority)
        ?? (cookies.IsFromThisMachine(context) ? $"http://{context.Request.Host}" : throw new ProblemException(ProblemFactory.NotFound(
            "People sign in here as soon as Console__PublicUrl says which address their browsers have of this host.")));

    private static string NonceOf(string value) => Base64Url.EncodeToString(ConsoleCookies.Derive(value, "nonce"));

    private static string ProofOf(string value) => Base64Url.EncodeToString(ConsoleCookies.Derive(value, "code verifier"));

    private static string StateOf(string value, string path) =>
        $"{Base64Url.EncodeToString(ConsoleCookies.Derive(value, $"state {path}"))}.{Base64Url.EncodeToString(Encoding.ASCII.GetBytes(path))}";

    private static string? ReadPath(string value, string state)
    {
        if (state.Length > 4 * LongestPath || state.Split('.') is not [_, var encoded] || !Base64Url.IsValid(encoded))
        {
            return null;
        }

        var path = ReturnPath.Of(Encoding.ASCII.GetString(Base64Url.DecodeFromChars(encoded)));
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(state), Encoding.ASCII.GetBytes(StateOf(value, path))) ? path : null;
    }

    // As RFC 6749 spells them; whatever else stands there was written by somebody else.
    private static string Word(string error) => error.Length is > 0 and <= 50 && error.All(c => char.IsAsciiLetterLower(c) || c == '_') ? error : "without saying why";
}
