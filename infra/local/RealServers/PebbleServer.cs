using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Bibind.Local.RealServers;

/// <summary>What a Pebble is asked to be.</summary>
public sealed record PebbleOptions
{
    /// <summary>The DNS server that it validates names with.</summary>
    public required IPEndPoint Dns { get; init; }

    /// <summary>Key ids and their base64url keys; with any, an account needs one of them.</summary>
    public IReadOnlyDictionary<string, string> ExternalAccounts { get; init; } = new Dictionary<string, string>();

    /// <summary>Names that it refuses to sign.</summary>
    public IReadOnlyList<string> BlockedNames { get; init; } = [];

    public TimeSpan Validity { get; init; } = TimeSpan.FromDays(90);

    /// <summary>The program's file; null is the installed one.</summary>
    public string? Program { get; init; }
}

/// <summary>A real ACME server on free ports of 127.0.0.1; it rejects one nonce in twenty, as it does by default.</summary>
public sealed class PebbleServer : IAsyncDisposable
{
    private const int NonceRejectionPercent = 5;

    private readonly RunningServer _process;
    private readonly Uri _management;
    private readonly HttpClient _http;

    private PebbleServer(RunningServer process, Uri directory, Uri management, int httpPort, string trustedRootsFile, HttpClient http)
    {
        _process = process;
        _management = management;
        _http = http;
        Directory = directory;
        HttpPort = httpPort;
        TrustedRootsFile = trustedRootsFile;
    }

    public Uri Directory { get; }

    /// <summary>Where it fetches HTTP-01 challenges: whoever answers them listens there.</summary>
    public int HttpPort { get; }

    /// <summary>PEM of the certificate of its own HTTPS, which is not the root that it signs with.</summary>
    public string TrustedRootsFile { get; }

    /// <exception cref="LocalServerException">The program is missing; names its package. Or it did not start; says why.</exception>
    public static async Task<PebbleServer> StartAsync(PebbleOptions options, CancellationToken cancellationToken = default)
    {
        var program = options.Program ?? ServerPrograms.Require("pebble", "pebble");
        var folder = ServerFolder.New();
        var (certificate, key) = (Path.Combine(folder, "tls.pem"), Path.Combine(folder, "tls.key"));
        using var own = MakeCertificate();
        await File.WriteAllTextAsync(certificate, own.ExportCertificatePem(), cancellationToken);
        await File.WriteAllTextAsync(key, own.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem(), cancellationToken);

        var (port, managementPort, httpPort) = (FreePorts.Next(), FreePorts.Next(), FreePorts.Next());
        var configuration = new JsonObject
        {
            ["pebble"] = new JsonObject
            {
                ["listenAddress"] = Address(port),
                ["managementListenAddress"] = Address(managementPort),
                ["certificate"] = certificate,
                ["privateKey"] = key,
                ["httpPort"] = httpPort,
                ["tlsPort"] = FreePorts.Next(),
                ["ocspResponderURL"] = "",
                ["externalAccountBindingRequired"] = options.ExternalAccounts.Count > 0,
                ["externalAccountMACKeys"] = JsonSerializer.SerializeToNode(options.ExternalAccounts),
                ["domainBlocklist"] = JsonSerializer.SerializeToNode(options.BlockedNames),
                ["certificateValidityPeriod"] = (long)options.Validity.TotalSeconds,
            },
        };
        var file = Path.Combine(folder, "pebble.json");
        await File.WriteAllTextAsync(file, configuration.ToJsonString(), cancellationToken);
        var process = await RunningServer.StartAsync(
            "pebble", folder, [program, "-config", file, "-dnsserver", options.Dns.ToString()], deleteFolder: true,
            new Dictionary<string, string>
            {
                ["PEBBLE_VA_NOSLEEP"] = "1",
                ["PEBBLE_WFE_NONCEREJECT"] = NonceRejectionPercent.ToString(CultureInfo.InvariantCulture),
            },
            cancellationToken: cancellationToken);
        var server = new PebbleServer(
            process, new Uri($"https://{Address(port)}/dir"), new Uri($"https://{Address(managementPort)}"), httpPort, certificate, Trusting(own.Thumbprint));
        await process.IsReadyAsync(server.AnswersAsync, cancellationToken);
        return server;
    }

    /// <summary>The root that its certificates lead to; another at each start.</summary>
    public async Task<X509Certificate2> GetRootAsync(CancellationToken cancellationToken = default) =>
        X509Certificate2.CreateFromPem(await _http.GetStringAsync(new Uri(_management, "/roots/0"), cancellationToken));

    /// <summary><c>Valid</c> or <c>Revoked</c>, as it knows the certificate.</summary>
    public async Task<string> GetStatusAsync(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        var serial = certificate.SerialNumber.TrimStart('0').ToLowerInvariant();
        using var document = JsonDocument.Parse(await _http.GetStringAsync(new Uri(_management, $"/cert-status-by-serial/{serial}")));
        return document.RootElement.GetProperty("Status").GetString()!;
    }

    /// <summary>Decides when it suggests that a certificate be renewed; only versions with renewal information (RFC 9773) do.</summary>
    public async Task SuggestRenewalAsync(X509Certificate2 certificate, DateTimeOffset start, DateTimeOffset end)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        var window = new JsonObject { ["suggestedWindow"] = new JsonObject { ["start"] = start, ["end"] = end } };
        var command = new JsonObject { ["Certificate"] = certificate.ExportCertificatePem(), ["ARIResponse"] = window.ToJsonString() };
        using var content = new StringContent(command.ToJsonString());
        using var answer = await _http.PostAsync(new Uri(_management, "/set-renewal-info/"), content);
        answer.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            using var answer = await _http.GetAsync(Directory);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static string Address(int port) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");

    private static HttpClient Trusting(string thumbprint) => new(new SocketsHttpHandler
    {
        SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) => (shown as X509Certificate2)?.Thumbprint == thumbprint },
    })
    {
        // RFC 8555 asks for one, and newer versions refuse to answer without.
        DefaultRequestHeaders = { { "User-Agent", "bibind-tests" } },
    };

    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=pebble tls", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
    }
}
