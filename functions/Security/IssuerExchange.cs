using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Bibind.ControlPlane.Secrets;
using Bibind.Functions.Problems;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Bibind.Functions.Security;

/// <summary>Redeems the issuer's codes for who it is that came back with one.</summary>
internal sealed class IssuerExchange(
    SignInOptions options, TokenCallers callers, IEnumerable<IKeySource> sources, IServiceProvider services, ILogger<IssuerExchange> logger) : IDisposable
{
    private static readonly JsonDocumentOptions Parsing = new() { AllowDuplicateProperties = false };
    private static readonly string[] Algorithms = [SecurityAlgorithms.RsaSha256, SecurityAlgorithms.EcdsaSha256];
    private readonly HttpClient _http = IssuerHttp.Create();

    /// <summary>Who came back, and the token that signs them out.</summary>
    /// <exception cref="TokenRefusedException">The code or what it brought is not accepted.</exception>
    /// <exception cref="ProblemException">503: the issuer does not answer.</exception>
    public async Task<(Caller Caller, string IdToken)> RedeemAsync(string code, string redirectUri, string proof, string nonce, CancellationToken cancellationToken)
    {
        var keys = services.GetRequiredService<IssuerKeys>();
        var issuer = await keys.GetConfigurationAsync(cancellationToken);
        using var answer = await AskAsync(issuer, code, redirectUri, proof, cancellationToken);
        var idToken = Text(answer.RootElement, "id_token") ?? throw new TokenRefusedException("The issuer sent no identity token; the scope openid may be missing.");
        using var claims = await ReadAsync(idToken, nonce, keys, cancellationToken);
        var caller = callers.Read(claims.RootElement);

        // Some issuers put roles there only.
        if (caller is { Role: null, Customer: null } && !string.IsNullOrEmpty(issuer.UserInfoEndpoint) && Text(answer.RootElement, "access_token") is { } access)
        {
            using var info = await AskUserAsync(issuer.UserInfoEndpoint, access, cancellationToken);
            if (info is not null && Text(info.RootElement, "sub") is { } sub && sub == Text(claims.RootElement, "sub"))
            {
                caller = callers.Read(info.RootElement);
            }
        }

        return (caller, idToken);
    }

    public void Dispose() => _http.Dispose();

    private async Task<JsonDocument> ReadAsync(string idToken, string nonce, IssuerKeys keys, CancellationToken cancellationToken)
    {
        JsonWebToken unverified;
        try
        {
            unverified = new JsonWebToken(idToken);
        }
        catch (Exception malformed) when (malformed is ArgumentException or SecurityTokenException or JsonException or FormatException)
        {
            throw Refuse("it cannot be read", malformed);
        }

        var keyId = unverified.Kid is { Length: > 0 } id ? id : null;
        var published = await keys.GetAsync(keyId, cancellationToken);
        var client = options.Console.Client!.Id;
        var result = await new JsonWebTokenHandler { MapInboundClaims = false, MaximumTokenSizeInBytes = BearerToken.LongestToken }.ValidateTokenAsync(idToken, new TokenValidationParameters
        {
            ValidIssuer = options.IssuerName,
            ValidAudience = client,
            ValidAlgorithms = Algorithms,
            IssuerSigningKeys = published.SigningKeys.Where(k => keyId is null || k.KeyId == keyId),
            ClockSkew = options.ClockSkew,
            RequireSignedTokens = true,
            RequireExpirationTime = true,
        });
        if (!result.IsValid)
        {
            throw Refuse("it is not valid here", result.Exception);
        }

        try
        {
            var claims = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(unverified.EncodedPayload), Parsing);
            var isOurs = Text(claims.RootElement, "nonce") == nonce && (!claims.RootElement.TryGetProperty("azp", out _) || Text(claims.RootElement, "azp") == client);
            if (isOurs)
            {
                return claims;
            }

            claims.Dispose();
        }
        catch (JsonException malformed)
        {
            throw Refuse("its claims cannot be read", malformed);
        }

        throw Refuse("it belongs to another sign-in", failure: null);
    }

    private TokenRefusedException Refuse(string reason, Exception? failure)
    {
        Logs.CodeNotTaken(logger, $"the identity token is refused: {reason}", failure);
        return new TokenRefusedException($"The issuer's identity token is not accepted: {reason}. Sign in again.");
    }

    private async Task<JsonDocument> AskAsync(OpenIdConnectConfiguration issuer, string code, string redirectUri, string proof, CancellationToken cancellationToken)
    {
        var client = options.Console.Client!;
        var form = new Dictionary<string, string>
        {
            ["grant_type"] = "authorization_code",
            ["code"] = code,
            ["redirect_uri"] = redirectUri,
            ["code_verifier"] = proof,
            ["client_id"] = client.Id,
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, issuer.TokenEndpoint);
        if (await FindSecretAsync(client, cancellationToken) is { } secret)
        {
            var methods = issuer.TokenEndpointAuthMethodsSupported;
            if (methods.Count > 0 && !methods.Contains("client_secret_basic") && methods.Contains("client_secret_post"))
            {
                form["client_secret"] = secret;
            }
            else
            {
                request.Headers.Authorization = new AuthenticationHeaderValue(
                    "Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes($"{WebUtility.UrlEncode(client.Id)}:{WebUtility.UrlEncode(secret)}")));
            }
        }

        request.Content = new FormUrlEncodedContent(form);
        var (status, answer) = await SendAsync(request, cancellationToken);
        if (status == HttpStatusCode.OK && answer is { RootElement.ValueKind: JsonValueKind.Object })
        {
            return answer;
        }

        // The issuer's words may repeat what was sent.
        Logs.CodeNotTaken(logger, $"it answered {(int)status}", exception: null);
        answer?.Dispose();
        throw (int)status >= 500
            ? new ProblemException(ProblemFactory.IssuerUnavailable)
            : new TokenRefusedException("The issuer did not take the code: it was used before, or is too old. Sign in again.");
    }

    private async Task<JsonDocument?> AskUserAsync(string address, string accessToken, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", accessToken);
        var (status, answer) = await SendAsync(request, cancellationToken);
        return status == HttpStatusCode.OK && answer is { RootElement.ValueKind: JsonValueKind.Object } ? answer : null;
    }

    private async Task<(HttpStatusCode Status, JsonDocument? Answer)> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            using var response = await _http.SendAsync(request, cancellationToken);
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            return (response.StatusCode, response.IsSuccessStatusCode ? JsonDocument.Parse(body, Parsing) : null);
        }
        catch (Exception failure) when (failure is HttpRequestException or JsonException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            Logs.IssuerAway(logger, "tokens", failure);
            throw new ProblemException(ProblemFactory.IssuerUnavailable);
        }
    }

    private async Task<string?> FindSecretAsync(OidcClientOptions client, CancellationToken cancellationToken)
    {
        if (client.Secret is not { } secret || sources.FirstOrDefault(s => secret.StartsWith($"{s.Scheme}:", StringComparison.Ordinal)) is not { } source)
        {
            return client.Secret;
        }

        try
        {
            return await source.ReadAsync(secret[(source.Scheme.Length + 1)..], cancellationToken);
        }
        catch (Exception failure) when (failure is KeyRefusedException or KeyUnavailableException)
        {
            Logs.CodeNotTaken(logger, "Auth__Console__ClientSecret refers to what cannot be read", failure);
            throw new ProblemException(ProblemFactory.IssuerUnavailable);
        }
    }

    private static string? Text(JsonElement json, string member) =>
        json.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
