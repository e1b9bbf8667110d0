using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Security;

/// <summary>Asks the issuer about opaque tokens (RFC 7662) and keeps good answers for a short time, under the token's digest.</summary>
internal sealed class Introspection(SignInOptions options, TokenCallers callers, HttpClient http, TimeProvider time, ILogger<Introspection> logger)
    : IDisposable
{
    private const int MostAtOnce = 32;

    private static readonly JsonDocumentOptions Parsing = new() { AllowDuplicateProperties = false };
    private readonly ExpiringCache<Caller> _known = new(time);

    // Tokens that nobody knows must not become a flood at the issuer.
    private readonly SemaphoreSlim _asking = new(MostAtOnce, MostAtOnce);

    /// <summary>Whose token it is.</summary>
    /// <exception cref="TokenRefusedException">It is not valid here.</exception>
    /// <exception cref="ProblemException">503: the issuer does not answer.</exception>
    public async Task<Caller> FindAsync(string token, CancellationToken cancellationToken)
    {
        var key = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        if (_known.TryGet(key, out var known))
        {
            return known;
        }

        using var answer = await AskAsync(token, cancellationToken);
        var (caller, expiresAt) = Read(answer.RootElement);
        var until = time.GetUtcNow() + options.Introspection!.CacheLifetime;
        _known.Keep(key, caller, expiresAt < until ? expiresAt.Value : until);
        return caller;
    }

    public void Dispose() => _asking.Dispose();

    private (Caller Caller, DateTimeOffset? ExpiresAt) Read(JsonElement answer)
    {
        if (answer.ValueKind != JsonValueKind.Object || !answer.TryGetProperty("active", out var active) || active.ValueKind != JsonValueKind.True)
        {
            throw new TokenRefusedException("The token is unknown to its issuer, revoked or expired.");
        }

        if (!IsAccessToken(answer))
        {
            throw new TokenRefusedException("The token is no bearer access token.");
        }

        if (!IsFor(answer, options.Audience))
        {
            throw new TokenRefusedException("The token is meant for another service.");
        }

        if (options.IssuerName is { } issuer && answer.TryGetProperty("iss", out var named) && !(named.ValueKind == JsonValueKind.String && named.ValueEquals(issuer)))
        {
            throw new TokenRefusedException("The token comes from another issuer.");
        }

        var now = time.GetUtcNow();
        var expiresAt = Time(answer, "exp");
        if (expiresAt + options.ClockSkew <= now)
        {
            throw new TokenRefusedException("The token has expired; get a new one from its issuer.");
        }

        return Time(answer, "nbf") - options.ClockSkew > now
            ? throw new TokenRefusedException("The token is not valid yet.")
            : (callers.Read(answer), expiresAt);
    }

    // Refresh tokens are active too, and no issuer calls them bearer tokens.
    private static bool IsAccessToken(JsonElement answer)
    {
        (string Name, string Value)[] marks = [("token_type", "Bearer"), ("typ", "Bearer"), ("token_use", "access_token")];
        var given = marks.Where(m => answer.TryGetProperty(m.Name, out _)).ToList();
        return given.Count > 0 && given.All(m => answer.GetProperty(m.Name) is { ValueKind: JsonValueKind.String } value
            && value.GetRawText().Trim('"').Equals(m.Value, StringComparison.OrdinalIgnoreCase));
    }

    private static bool IsFor(JsonElement answer, string audience) => answer.TryGetProperty("aud", out var named) && named.ValueKind switch
    {
        JsonValueKind.String => named.ValueEquals(audience),
        JsonValueKind.Array => named.EnumerateArray().Any(a => a.ValueKind == JsonValueKind.String && a.ValueEquals(audience)),
        _ => false,
    };

    private static DateTimeOffset? Time(JsonElement answer, string name)
    {
        if (!answer.TryGetProperty(name, out var given))
        {
            return null;
        }

        return given.ValueKind == JsonValueKind.Number && given.TryGetInt64(out var seconds) && seconds is >= 0 and < 253_402_300_799
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : throw new TokenRefusedException($"The token's '{name}' is no time.");
    }

    private async Task<JsonDocument> AskAsync(string token, CancellationToken cancellationToken)
    {
        await _asking.WaitAsync(cancellationToken);
        try
        {
            var account = options.Introspection!;
            using var request = new HttpRequestMessage(HttpMethod.Post, account.Url)
            {
                Content = new FormUrlEncodedContent(new Dictionary<string, string> { ["token"] = token, ["token_type_hint"] = "access_token" }),
            };
            request.Headers.Authorization = new AuthenticationHeaderValue(
                "Basic",
                Convert.ToBase64String(Encoding.ASCII.GetBytes($"{WebUtility.UrlEncode(account.ClientId)}:{WebUtility.UrlEncode(account.ClientSecret)}")));
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            using var response = await http.SendAsync(request, cancellationToken);
            if (response.StatusCode == HttpStatusCode.BadRequest)
            {
                throw new TokenRefusedException("The token is none that its issuer can be asked about.");
            }

            response.EnsureSuccessStatusCode();
            return JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken), Parsing);
        }
        catch (Exception failure) when (failure is HttpRequestException or JsonException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // A refusal of our own account is no fault of the caller's either.
            Logs.IssuerAway(logger, "introspection", failure);
            throw new ProblemException(ProblemFactory.IssuerUnavailable);
        }
        finally
        {
            _asking.Release();
        }
    }
}
