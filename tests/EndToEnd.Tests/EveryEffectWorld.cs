using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Amazon.S3;
using Bibind.Testing.Servers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Bibind.EndToEnd.Tests;

/// <summary>An installation whose effects are all at real servers, a zone and a proxy of its own among them.</summary>
internal sealed class EveryEffectWorld : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly CaddyServer _caddy;
    private readonly CephS3Server _s3;
    private PebbleServer _authority;

    private EveryEffectWorld(Installation installation, PowerDnsServer dns, string zone, PebbleServer authority, CephS3Server s3, CaddyServer caddy, WebApplication application)
    {
        (Installation, Dns, Zone, _authority, _s3, _caddy, _application) = (installation, dns, zone, authority, s3, caddy, application);
        foreach (var (key, value) in new Dictionary<string, string>
        {
            ["Platform:Domain"] = zone,
            ["Seed:Server:Url"] = application.Urls.Single(),
            ["Dns:Provider"] = "powerdns",
            ["Dns:Zone"] = zone,
            ["Dns:Target"] = "127.0.0.1",
            ["Dns:Authoritative"] = dns.Dns.ToString(),
            ["Dns:PowerDns:Url"] = dns.Api.AbsoluteUri,
            ["Dns:PowerDns:ApiKey"] = dns.ApiKey,
            ["Domains:Resolvers"] = dns.Dns.ToString(),
            ["Timers:CertificateRenewals"] = "false",
            ["Certificates:Provider"] = "acme",
            ["Certificates:Challenge"] = "dns-01",
            ["Certificates:Acme:AcceptTerms"] = "true",
            ["Storage:Provider"] = "s3",
            ["Storage:S3:Endpoint"] = s3.Url.AbsoluteUri,
            ["Storage:S3:AccessKey"] = s3.Account.AccessKey,
            ["Storage:S3:SecretKey"] = s3.Account.SecretKey,
            ["Storage:S3:TenantUsers"] = "rgw",
            ["Backups:Bucket"] = $"{installation.Code}-backups",
            ["Routing:Provider"] = "caddy",
            ["Routing:Http"] = caddy.Http.AbsoluteUri,
            ["Routing:Https"] = caddy.Https.AbsoluteUri,
            ["Routing:Caddy:Admin"] = caddy.Admin.AbsoluteUri,
            ["Routing:Caddy:Server"] = CaddyServer.Edge,
        })
        {
            installation.Settings[key] = value;
        }

        UseAuthority(authority);
    }

    public Installation Installation { get; }

    public PowerDnsServer Dns { get; }

    public string Zone { get; }

    public static async Task<EveryEffectWorld> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder(["--Urls=http://127.0.0.1:0"]);
        builder.Logging.ClearProviders();
        var application = builder.Build();
        application.Run(http => http.Response.WriteAsync($"the application, asked for {http.Request.Host.Host}"));
        await application.StartAsync();
        var dns = await PowerDnsServer.GetAsync();
        return new EveryEffectWorld(
            await Installation.CreateAsync(), dns, await dns.NewZoneAsync(), await PebbleServer.GetAsync(), await CephS3Server.GetAsync(),
            await CaddyServer.StartAsync(), application);
    }

    public void UseAuthority(PebbleServer authority)
    {
        _authority = authority;
        Installation.Settings["Certificates:Acme:Directory"] = authority.Directory.AbsoluteUri;
        Installation.Settings["Certificates:Acme:TrustedRoots"] = authority.TrustedRootsFile;
    }

    public string HostOf(string code) => $"{code}.{Zone}";

    /// <summary>What people get at the tenant's name, the chain verified to the authority's root.</summary>
    public Task<(HttpStatusCode Status, string Body)> GetAsync(string code) => GetAtAsync(HostOf(code));

    /// <summary>What people get at a host name, the chain verified to the authority's root.</summary>
    public async Task<(HttpStatusCode Status, string Body)> GetAtAsync(string host)
    {
        using var client = new HttpClient(await TrustingHandlerAsync());
        using var answer = await client.GetAsync(new Uri($"https://{host}/"));
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>Thumbprint of the certificate that the proxy presents at a host name.</summary>
    public async Task<string> PresentedAsync(string host)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(_caddy.Https.Host, _caddy.Https.Port);
        var thumbprint = string.Empty;
        await using var tls = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, (_, presented, _, _) =>
        {
            thumbprint = presented?.GetCertHashString() ?? string.Empty;
            return thumbprint.Length > 0;
        });
        await tls.AuthenticateAsClientAsync(host);
        return thumbprint;
    }

    /// <summary>What the proxy says to a plain request for any host name.</summary>
    public async Task<HttpStatusCode> AskPlainAsync(string host)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, _caddy.Http) { Headers = { Host = host } };
        using var answer = await client.SendAsync(request);
        return answer.StatusCode;
    }

    public async Task<bool> IsKnownToProxyAsync(string host) => (await ProxyConfigurationAsync()).Contains(host, StringComparison.Ordinal);

    /// <summary>The proxy has nothing but what it was started with.</summary>
    public Task ForgetRoutesAsync() => _caddy.ForgetAsync();

    public async Task<IReadOnlyList<string>> BucketsAsync()
    {
        using var client = new AmazonS3Client(
            _s3.Account.AccessKey, _s3.Account.SecretKey, new AmazonS3Config { ServiceURL = _s3.Url.AbsoluteUri, ForcePathStyle = true, AuthenticationRegion = "us-east-1" });
        return [.. ((await client.ListBucketsAsync()).Buckets ?? []).Select(b => b.BucketName).Where(b => b.Contains(Installation.Code, StringComparison.Ordinal))];
    }

    /// <summary>Asks every server itself.</summary>
    public async Task AssertNothingIsLeftAsync()
    {
        await Installation.ComesToRestAsync();
        Assert.Empty(await Installation.DatabasesAsync());
        Installation.AssertFileStores();
        var zone = JsonNode.Parse(await Dns.ReadZoneAsync(Zone))!["rrsets"]!.AsArray();
        Assert.All(zone, record => Assert.Contains(record!["type"]!.GetValue<string>(), new[] { "SOA", "NS" }));
        Assert.DoesNotContain(Installation.Code, await ProxyConfigurationAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(await BucketsAsync(), b => !b.EndsWith("-backups", StringComparison.Ordinal));
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.secrets where name like 'tenants/%' or name like 'certificates/tenants/%'"));
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.backups"));
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.domains"));
        Assert.Equal(0, await Installation.CountAsync("select count(*) from durable.activities"));
    }

    public async ValueTask DisposeAsync()
    {
        Directory.CreateDirectory(Installation.Store);
        await Installation.DisposeAsync();
        await _caddy.DisposeAsync();
        await _application.DisposeAsync();
    }

    /// <summary>
    /// Lets the proxy listen where the authority asks, and send its questions to the product's host, as an operator would.
    /// The authority must be the test's own.
    /// </summary>
    public async Task ServeChallengesAsync(Uri host)
    {
        var route = $$"""
            {
              "listen": ["127.0.0.1:{{_authority.HttpPort}}"],
              "automatic_https": { "disable": true },
              "routes": [{
                "match": [{ "path": ["/.well-known/acme-challenge/*"] }],
                "handle": [{ "handler": "reverse_proxy", "upstreams": [{ "dial": "{{host.Authority}}" }] }]
              }]
            }
            """;
        using var client = new HttpClient();
        using var body = new StringContent(route, Encoding.UTF8, "application/json");
        using var answer = await client.PostAsync(new Uri(_caddy.Admin, "/config/apps/http/servers/challenges"), body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private async Task<string> ProxyConfigurationAsync()
    {
        using var client = new HttpClient();
        return await client.GetStringAsync(new Uri(_caddy.Admin, "/config/"));
    }

    // Connects to the proxy whatever the name, and trusts the authority's root and nothing else.
    private async Task<SocketsHttpHandler> TrustingHandlerAsync() => new()
    {
        AllowAutoRedirect = false,
        ConnectCallback = async (_, cancellation) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(_caddy.Https.Host, _caddy.Https.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        },
        SslOptions = new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { await _authority.GetRootAsync() },
                RevocationMode = X509RevocationMode.NoCheck,
            },
        },
    };
}
