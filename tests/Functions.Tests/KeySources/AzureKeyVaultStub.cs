using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Azure.Core;
using Azure.Core.Pipeline;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Bibind.Functions.Tests.KeySources;

/// <summary>
/// An Azure Key Vault as its documentation describes it: TLS under the vault's own name, a challenge to whoever brings no token, and the
/// errors of its API. The client reaches it by a transport that leads the name here and trusts its certificate; it checks the rest itself.
/// </summary>
internal sealed class AzureKeyVaultStub : IAsyncDisposable
{
    public const string Host = "bibind.vault.azure.net";
    private const string Tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    private const string Resource = "https://vault.azure.net";
    private static readonly string[] Versions = ["7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "2025-07-01", "2026-04-01"];

    private readonly WebApplication _app;
    private readonly X509Certificate2 _certificate;
    private readonly int _port;
    private readonly string _token = Convert.ToHexString(RandomNumberGenerator.GetBytes(24));

    private AzureKeyVaultStub(WebApplication app, X509Certificate2 certificate) => (_app, _certificate, _port) = (app, certificate, new Uri(app.Urls.Single()).Port);

    /// <summary>Values by name, and by <c>name/version</c>.</summary>
    public ConcurrentDictionary<string, string> Secrets { get; } = new(StringComparer.Ordinal);

    /// <summary>What it was asked, with the answer.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>Answers with this status instead, if set.</summary>
    public int? Fails { get; set; }

    /// <summary>The service that its challenge is for.</summary>
    public string ChallengeResource { get; set; } = Resource;

    /// <summary>The token that the machine's identity gets, if not the right one.</summary>
    public string? OtherToken { get; set; }

    public static async Task<AzureKeyVaultStub> StartAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=vault", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("*.vault.azure.net");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);

        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        var app = builder.Build();
        AzureKeyVaultStub? stub = null;
        app.Run(http => stub!.AnswerAsync(http));
        await app.StartAsync();
        return stub = new AzureKeyVaultStub(app, certificate);
    }

    /// <summary>Gives a host the way here, and an identity.</summary>
    public void Reach(IServiceCollection services)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificate(_certificate.Export(X509ContentType.Cert)));
        var handler = new SocketsHttpHandler
        {
            SslOptions = { CertificateChainPolicy = policy },
            ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, _port, token);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        services.AddKeyedSingleton<HttpPipelineTransport>(Functions.KeySources.KeySourcesRegistration.Key, new HttpClientTransport(new HttpClient(handler)));
        services.AddKeyedSingleton<TokenCredential>(Functions.KeySources.KeySourcesRegistration.Key, new Identity(this));
    }

    // Its certificate is kept: whoever finds it gone must have had the way.
    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        var (status, body) = Decide(http);
        Calls.Enqueue($"{http.Request.Method} {http.Request.Path} {status}");
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json; charset=utf-8";
        await http.Response.WriteAsync(body);
    }

    private (int Status, string Body) Decide(HttpContext http)
    {
        var request = http.Request;
        if (Fails is { } fails)
        {
            return (fails, Error("InternalError", "Try again."));
        }

        if (request.Host.Host != Host || request.Method != HttpMethods.Get || request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries) is not ["secrets", .. { Length: 1 or 2 } name])
        {
            return (404, Error("NotFound", "There is nothing of this name."));
        }

        var authorization = request.Headers.Authorization.ToString();
        if (authorization != $"Bearer {_token}")
        {
            var why = authorization.Length == 0 ? "" : ", error=\"invalid_token\", error_description=\"AKV10022\"";
            http.Response.Headers.WWWAuthenticate = $"Bearer authorization=\"https://login.microsoftonline.com/{Tenant}\", resource=\"{ChallengeResource}\"{why}";
            return (401, Error("Unauthorized", "AKV10000: Request is missing a Bearer or PoP token."));
        }

        if (!Versions.Contains(request.Query["api-version"].ToString()))
        {
            return (400, Error("BadParameter", $"The specified version ({request.Query["api-version"]}) is not recognized."));
        }

        return string.Join('/', name) switch
        {
            "forbidden" => (403, """{"error": {"code": "Forbidden", "message": "Caller is not authorized to perform action.", "innererror": {"code": "ForbiddenByRbac"}}}"""),
            "disabled" => (403, """{"error": {"code": "Forbidden", "message": "Operation get is not allowed on a disabled secret.", "innererror": {"code": "SecretDisabled"}}}"""),
            var id when Secrets.TryGetValue(id, out var value) =>
                (200, $$$"""{"value": "{{{value}}}", "id": "https://{{{Host}}}/secrets/{{{name[0]}}}/{{{(name.Length > 1 ? name[1] : "4387e9f3d6e14c459867679a90fd0f79")}}}", "attributes": {"enabled": true, "created": 1700000000, "updated": 1700000000, "recoveryLevel": "Recoverable+Purgeable"}}"""),
            var id => (404, Error("SecretNotFound", $"A secret with (name/id) {id} was not found in this key vault.")),
        };
    }

    private static string Error(string code, string message) => $$$"""{"error": {"code": "{{{code}}}", "message": "{{{message}}}"}}""";

    /// <summary>A managed identity: it has tokens for key vaults of the tenant only.</summary>
    private sealed class Identity(AzureKeyVaultStub stub) : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            if (requestContext.Scopes is not [$"{Resource}/.default"] || requestContext.TenantId != Tenant)
            {
                throw new Azure.Identity.AuthenticationFailedException($"There is no token for {string.Join(' ', requestContext.Scopes)} of {requestContext.TenantId}.");
            }

            return new AccessToken(stub.OtherToken ?? stub._token, DateTimeOffset.UtcNow.AddHours(1));
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            ValueTask.FromResult(GetToken(requestContext, cancellationToken));
    }
}
