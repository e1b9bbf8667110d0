using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Bibind.Cli.Profiles;

/// <summary>What the API says about signing in with a device code.</summary>
internal sealed record SignInInfo(string? Issuer, string? ClientId, string? Scopes, string? Audience, string? DeviceAuthorizationEndpoint, string? TokenEndpoint);

/// <summary>An issuer's device authorization grant (RFC 8628) and its refresh tokens (RFC 6749).</summary>
internal static class Issuer
{
    private const string DeviceGrant = "urn:ietf:params:oauth:grant-type:device_code";

    /// <summary>Signs in with a device code; the person opens an address in a browser.</summary>
    /// <exception cref="CommandException">The person refused, or was too slow.</exception>
    public static async Task<Profile> SignInAsync(HttpClient http, SignInInfo info, Func<string, Task> say, CancellationToken cancellationToken)
    {
        if (info is not { DeviceAuthorizationEndpoint: { } endpoint, TokenEndpoint: { } tokens })
        {
            throw new CommandException(
                $"The issuer {info.Issuer} has no device codes, or does not answer: make a token and use bibind login --token-stdin.", ExitCodes.Refused);
        }

        using var started = await http.PostAsync(
            new Uri(endpoint), Form([("client_id", info.ClientId!), ("scope", info.Scopes ?? "openid offline_access"), .. AudienceOf(info)]), cancellationToken);
        var device = await ReadAsync<DeviceCode>(started, cancellationToken);
        await say($"Open {device.VerificationUriComplete ?? device.VerificationUri} and confirm the code {device.UserCode}.");

        var interval = TimeSpan.FromSeconds(device.Interval ?? 5);
        while (true)
        {
            await Task.Delay(interval, cancellationToken);
            using var answer = await http.PostAsync(
                new Uri(tokens), Form([("grant_type", DeviceGrant), ("device_code", device.Code), ("client_id", info.ClientId!), .. AudienceOf(info)]), cancellationToken);
            if (answer.IsSuccessStatusCode)
            {
                return ToProfile(await ReadAsync<TokenAnswer>(answer, cancellationToken), tokens, info.ClientId!, former: null);
            }

            switch (await ErrorOfAsync(answer, cancellationToken))
            {
                case "authorization_pending":
                    break;
                case "slow_down":
                    interval += TimeSpan.FromSeconds(5);
                    break;
                case "expired_token":
                    throw new CommandException("The code ended before it was confirmed: bibind login", ExitCodes.Refused);
                case var error:
                    throw new CommandException($"The issuer refused: {error}.", ExitCodes.Refused);
            }
        }
    }

    /// <summary>The profile with the next token; null if the issuer refuses.</summary>
    public static async Task<Profile?> RefreshAsync(HttpClient http, Profile profile, CancellationToken cancellationToken)
    {
        using var answer = await http.PostAsync(
            new Uri(profile.TokenEndpoint!),
            Form([("grant_type", "refresh_token"), ("refresh_token", profile.RefreshToken!), ("client_id", profile.ClientId!)]), cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            return (int)answer.StatusCode < 500
                ? null
                : throw new CommandException($"The issuer answered {(int)answer.StatusCode}; try again.", ExitCodes.NotReachable);
        }

        var next = ToProfile(await ReadAsync<TokenAnswer>(answer, cancellationToken), profile.TokenEndpoint!, profile.ClientId!, profile.RefreshToken);
        next.Url = profile.Url;
        return next;
    }

    private static Profile ToProfile(TokenAnswer answer, string endpoint, string clientId, string? former) => new()
    {
        Token = answer.AccessToken,
        RefreshToken = answer.RefreshToken ?? former,
        ExpiresAt = answer.ExpiresIn is { } seconds ? DateTimeOffset.UtcNow.AddSeconds(seconds) : null,
        TokenEndpoint = endpoint,
        ClientId = clientId,
    };

    // Some issuers know it by the one name, some by the other (RFC 8707), which wants an address.
    private static (string Name, string Value)[] AudienceOf(SignInInfo info) => info.Audience is not { } audience ? []
        : Uri.IsWellFormedUriString(audience, UriKind.Absolute) ? [("audience", audience), ("resource", audience)]
        : [("audience", audience)];

    private static FormUrlEncodedContent Form((string Name, string Value)[] fields) => new(fields.Select(f => KeyValuePair.Create(f.Name, f.Value)));

    private static async Task<T> ReadAsync<T>(HttpResponseMessage answer, CancellationToken cancellationToken)
        where T : class
    {
        if (!answer.IsSuccessStatusCode)
        {
            throw new CommandException($"The issuer refused: {await ErrorOfAsync(answer, cancellationToken)}.", ExitCodes.Refused);
        }

        return await answer.Content.ReadFromJsonAsync<T>(cancellationToken) ?? throw new CommandException("The issuer's answer is empty.", ExitCodes.NotReachable);
    }

    private static async Task<string> ErrorOfAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        try
        {
            var problem = await answer.Content.ReadFromJsonAsync<ErrorAnswer>(cancellationToken);
            return problem?.Error ?? $"status {(int)answer.StatusCode}";
        }
        catch (JsonException)
        {
            return $"status {(int)answer.StatusCode}";
        }
    }

    private sealed record DeviceCode(
        [property: JsonPropertyName("device_code")] string Code,
        [property: JsonPropertyName("user_code")] string UserCode,
        [property: JsonPropertyName("verification_uri")] string VerificationUri,
        [property: JsonPropertyName("verification_uri_complete")] string? VerificationUriComplete,
        [property: JsonPropertyName("interval")] int? Interval);

    private sealed record TokenAnswer(
        [property: JsonPropertyName("access_token")] string AccessToken,
        [property: JsonPropertyName("refresh_token")] string? RefreshToken,
        [property: JsonPropertyName("expires_in")] int? ExpiresIn);

    private sealed record ErrorAnswer([property: JsonPropertyName("error")] string? Error);
}
