using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.Local;
using Bibind.Local.RealServers;

namespace Bibind.Testing.Servers;

/// <summary>An account at the issuer, whose tokens carry these claims.</summary>
/// <param name="Id">Its id; the secret is the same with <c>-secret</c>.</param>
/// <param name="Claims">JSON of an object.</param>
public sealed record OidcClient(string Id, string Claims)
{
    /// <summary><c>jwt</c> or <c>opaque</c>.</summary>
    public string Format { get; init; } = "jwt";

    /// <summary><c>RS256</c> or <c>ES256</c>.</summary>
    public string Algorithm { get; init; } = "RS256";

    /// <summary>Where people are sent back to who sign in; without it nobody signs in there.</summary>
    public IReadOnlyList<string> Redirects { get; init; } = [];

    /// <summary>Where people are sent back to who sign out.</summary>
    public IReadOnlyList<string> SignedOut { get; init; } = [];

    /// <summary>True for a program without a browser of its own (RFC 8628), which has no secret.</summary>
    public bool IsDevice { get; init; }

    public string Secret => $"{Id}-secret";
}

/// <summary>
/// A real issuer of tokens (npm's oidc-provider) on a free port of 127.0.0.1. Its keys are known here, so that a test can sign what
/// the issuer never would.
/// </summary>
public sealed class OidcServer : IAsyncDisposable
{
    public const string Audience = "urn:bibind:api";

    private readonly string _folder = PostgresFixture.NewFolder();
    private readonly int _port = FreePorts.Next();
    private IReadOnlyList<OidcClient> _clients;
    private readonly HttpClient _http = new();
    private RunningServer? _process;

    private OidcServer(IReadOnlyList<OidcClient> clients) => _clients = clients;

    /// <summary>Without a slash at its end.</summary>
    public string Issuer => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port}");

    public string IntrospectionUrl => $"{Issuer}/token/introspection";

    /// <summary>Claims of people who sign in, as JSON, by their logins; any password will do.</summary>
    public Dictionary<string, string> Accounts { get; } = new(StringComparer.Ordinal);

    /// <summary>False leaves the claims of people to the userinfo endpoint.</summary>
    public bool ClaimsInIdToken { get; set; } = true;

    /// <summary>Signs its RS256 tokens now.</summary>
    public RSA Key { get; private set; } = RSA.Create(2048);

    /// <summary>Signs its ES256 tokens now.</summary>
    public ECDsa EllipticKey { get; private set; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>The id of <see cref="Key"/>.</summary>
    public string KeyId { get; private set; } = "first";

    public static async Task<OidcServer> StartAsync(params OidcClient[] clients)
    {
        var server = new OidcServer(clients);
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>An issuer that is not there yet.</summary>
    public static OidcServer Stopped(params OidcClient[] clients) => new(clients);

    /// <summary>Starts it anew with other accounts, whose addresses were not known before.</summary>
    public async Task StartAgainAsync(params OidcClient[] clients)
    {
        await StopAsync();
        _clients = clients;
        await StartAgainAsync();
    }

    /// <summary>Starts it with the keys that it had; opaque tokens of before are forgotten.</summary>
    public async Task StartAgainAsync()
    {
        var file = Path.Combine(_folder, "issuer.json");
        await File.WriteAllTextAsync(file, Configuration());
        _process = await RunningServer.StartAsync(
            "oidc-provider", _folder,
            [
                ServerPrograms.Require("node", "nodejs"), Path.Combine(Repository.Root, "infra/local/servers/oidc-provider.mjs"),
                NodeServers.Require("oidc-provider", "lib/index.js"), file,
            ],
            deleteFolder: false);
        await _process.ListensAsync(_port);
    }

    public async Task StopAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
    }

    /// <summary>Signs with new keys from now on; the former ones are not published any more.</summary>
    public async Task RotateAsync(string keyId)
    {
        await StopAsync();
        Key.Dispose();
        EllipticKey.Dispose();
        (Key, EllipticKey, KeyId) = (RSA.Create(2048), ECDsa.Create(ECCurve.NamedCurves.nistP256), keyId);
        await StartAgainAsync();
    }

    /// <summary>A token by client credentials.</summary>
    /// <param name="client">The account's id.</param>
    /// <param name="audience">What it is to be meant for.</param>
    public async Task<string> TokenAsync(string client, string audience = Audience)
    {
        using var answer = await PostAsync("token", client, new() { ["grant_type"] = "client_credentials", ["resource"] = audience });
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>();
        return body.TryGetProperty("access_token", out var token)
            ? token.GetString()!
            : throw new InvalidOperationException($"No token for {client}: {body}");
    }

    public async Task RevokeAsync(string client, string token)
    {
        using var answer = await PostAsync("token/revocation", client, new() { ["token"] = token });
        answer.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _http.Dispose();
        Key.Dispose();
        EllipticKey.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<HttpResponseMessage> PostAsync(string path, string client, Dictionary<string, string> form)
    {
        var secret = _clients.Single(c => c.Id == client).Secret;
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{Issuer}/{path}") { Content = new FormUrlEncodedContent(form) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes($"{client}:{secret}")));
        return await _http.SendAsync(request);
    }

    private string Configuration() => new JsonObject
    {
        ["port"] = _port,
        ["audience"] = Audience,
        ["claimsInIdToken"] = ClaimsInIdToken,
        ["accounts"] = new JsonObject(Accounts.Select(a => KeyValuePair.Create(a.Key, JsonNode.Parse(a.Value)))),
        ["keys"] = new JsonArray(Jwk(Key, KeyId), Jwk(EllipticKey, $"{KeyId}-ec")),
        ["clients"] = new JsonArray([.. _clients.Select(c => new JsonObject
        {
            ["id"] = c.Id,
            ["secret"] = c.Secret,
            ["format"] = c.Format,
            ["alg"] = c.Algorithm,
            ["claims"] = JsonNode.Parse(c.Claims),
            ["device"] = c.IsDevice,
            ["redirects"] = new JsonArray([.. c.Redirects.Select(r => JsonValue.Create(r))]),
            ["signedOut"] = new JsonArray([.. c.SignedOut.Select(r => JsonValue.Create(r))]),
        })]),
    }.ToJsonString();

    private static JsonObject Jwk(RSA key, string id)
    {
        var numbers = key.ExportParameters(includePrivateParameters: true);
        return new JsonObject
        {
            ["kty"] = "RSA",
            ["kid"] = id,
            ["use"] = "sig",
            ["alg"] = "RS256",
            ["n"] = Text(numbers.Modulus),
            ["e"] = Text(numbers.Exponent),
            ["d"] = Text(numbers.D),
            ["p"] = Text(numbers.P),
            ["q"] = Text(numbers.Q),
            ["dp"] = Text(numbers.DP),
            ["dq"] = Text(numbers.DQ),
            ["qi"] = Text(numbers.InverseQ),
        };
    }

    private static JsonObject Jwk(ECDsa key, string id)
    {
        var numbers = key.ExportParameters(includePrivateParameters: true);
        return new JsonObject
        {
            ["kty"] = "EC",
            ["kid"] = id,
            ["use"] = "sig",
            ["alg"] = "ES256",
            ["crv"] = "P-256",
            ["x"] = Text(numbers.Q.X),
            ["y"] = Text(numbers.Q.Y),
            ["d"] = Text(numbers.D),
        };
    }

    private static string Text(byte[]? number) => System.Buffers.Text.Base64Url.EncodeToString(number);
}
