using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Bibind.Functions.Tests.Hosting;

/// <summary>Publishes a key as an issuer does, or misbehaves, and counts how often it was asked.</summary>
internal sealed class IssuerStub : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _questions;

    private IssuerStub(WebApplication app) => _app = app;

    public string Issuer => _app.Urls.Single();

    /// <summary>How often its document was asked for, or a token asked about.</summary>
    public int Questions => Volatile.Read(ref _questions);

    public RSA Key { get; } = RSA.Create(2048);

    /// <summary>Answers with this status, if set.</summary>
    public int? Fails { get; set; }

    /// <summary>The issuer that its document names, if not itself.</summary>
    public string? Names { get; set; }

    /// <summary>What it says about opaque tokens.</summary>
    public string Introspection { get; set; } = """{"active": false}""";

    /// <summary>What it gives for a code.</summary>
    public string Tokens { get; set; } = "{}";

    /// <summary>What was sent with the last code.</summary>
    public IFormCollection? Redeemed { get; private set; }

    /// <summary>The accounts that asked about tokens.</summary>
    public string? Account { get; private set; }

    public static async Task<IssuerStub> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var stub = new IssuerStub(app);
        app.MapGet("/.well-known/openid-configuration", () => stub.Answer($$"""{"issuer": "{{stub.Names ?? stub.Issuer}}", "jwks_uri": "{{stub.Issuer}}/keys", "authorization_endpoint": "{{stub.Issuer}}/authorize", "token_endpoint": "{{stub.Issuer}}/token"}""", counts: true));
        app.MapPost("/token", async (HttpContext context) =>
        {
            stub.Redeemed = await context.Request.ReadFormAsync();
            stub.Account = context.Request.Headers.Authorization;
            return stub.Answer(stub.Tokens, counts: true);
        });
        app.MapGet("/keys", () => stub.Answer(stub.Keys(), counts: false));
        app.MapPost("/introspect", (HttpContext context) =>
        {
            stub.Account = context.Request.Headers.Authorization;
            return stub.Answer(stub.Introspection, counts: true);
        });
        await app.StartAsync();
        return stub;
    }

    public ValueTask DisposeAsync()
    {
        Key.Dispose();
        return _app.DisposeAsync();
    }

    private IResult Answer(string json, bool counts)
    {
        if (counts)
        {
            Interlocked.Increment(ref _questions);
        }

        return Fails is { } status ? Results.StatusCode(status) : Results.Text(json, "application/json");
    }

    private string Keys()
    {
        var numbers = Key.ExportParameters(includePrivateParameters: false);
        var (n, e) = (System.Buffers.Text.Base64Url.EncodeToString(numbers.Modulus), System.Buffers.Text.Base64Url.EncodeToString(numbers.Exponent));
        return $$"""{"keys": [{"kty": "RSA", "kid": "first", "use": "sig", "alg": "RS256", "n": "{{n}}", "e": "{{e}}"}]}""";
    }
}
