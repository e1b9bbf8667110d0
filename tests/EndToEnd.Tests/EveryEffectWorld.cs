using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Amazon.S3;
using Bibind.Local.RealServers;
using Bibind.Testing;
using Bibind.Testing.Servers;

namespace Bibind.EndToEnd.Tests;

/// <summary>An installation whose effects are all at real servers, a zone and a proxy of its own among them.</summary>
internal sealed class EveryEffectWorld : IAsyncDisposable
{
    private readonly ApplicationStub _application;
    private readonly CaddyServer _caddy;
    private readonly CephS3Server _s3;
    private PebbleServer _authority;

    private EveryEffectWorld(Installation installation, PowerDnsServer dns, string zone, PebbleServer authority, CephS3Server s3, CaddyServer caddy, ApplicationStub application)
    {
        (Installation, Dns, Zone, _authority, _s3, _caddy, _application) = (installation, dns, zone, authority, s3, caddy, application);
        foreach (var (key, value) in EffectSettings.Of(zone, dns, authority, s3, caddy))
        {
            installation.Settings[key.Replace("__", ":", StringComparison.Ordinal)] = value;
        }

        installation.Settings["Seed:Server:Url"] = application.Url.AbsoluteUri;
        installation.Settings["Backups:Bucket"] = $"{installation.Code}-backups";
        installation.Settings["Timers:CertificateRenewals"] = "false";
        UseAuthority(authority);
    }

    public Installation Installation { get; }

    public PowerDnsServer Dns { get; }

    public string Zone { get; }

    public static async Task<EveryEffectWorld> StartAsync()
    {
        var dns = await SharedServers.PowerDnsAsync();
        return new EveryEffectWorld(
            await Installation.CreateAsync(), dns, await dns.NewZoneAsync(), await SharedServers.PebbleAsync(), await SharedServers.CephS3Async(),
            await CaddyServer.StartAsync(), await ApplicationStub.StartAsync());
    }

    public void UseAuthority(PebbleServer authority)
    {
        _authority = authority;
        Installation.Settings["Certificates:Acme:Directory"] = authority.Directory.AbsoluteUri;
        Installation.Settings["Certificates:Acme:TrustedRoots"] = authority.TrustedRootsFile;
    }

    /// <summary>What the application answers to a visitor of a tenant, whatever the tenant's name that was visited.</summary>
    public string AnswerOf(string code) => $"{HostOf(code)} {HostOf(code)} https /";

    public string HostOf(string code) => $"{code}.{Zone}";

    /// <summary>What people get at the tenant's name, the chain verified to the authority's root.</summary>
    public Task<(HttpStatusCode Status, string Body)> GetAsync(string code) => GetAtAsync(HostOf(code));

    /// <summary>What people get at a host name, the chain verified to the authority's root.</summary>
    public Task<(HttpStatusCode Status, string Body)> GetAtAsync(string host) => AskAsync(async () =>
    {
        using var client = new HttpClient(await WayAsync());
        using var answer = await client.GetAsync(new Uri($"https://{host}/"));
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    });

    /// <summary>How people come to any name here: by the proxy, trusting the authority's root only.</summary>
    public async Task<SocketsHttpHandler> WayAsync() => Visitor.Of(_caddy.Https, await _authority.GetRootAsync());

    /// <summary>Thumbprint of the certificate that the proxy presents at a host name.</summary>
    public Task<string> PresentedAsync(string host) => AskAsync(async () =>
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
    });

    // A proxy that takes a new configuration may hang up on who comes.
    private static async Task<T> AskAsync<T>(Func<Task<T>> ask)
    {
        var mayHangUp = 20;
        T answer = default!;
        await Eventually.UntilAsync(
            async () =>
            {
                try
                {
                    answer = await ask();
                    return true;
                }
                catch (Exception hungUp) when (mayHangUp-- > 0 && hungUp is IOException or SocketException
                    or HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError, InnerException: IOException })
                {
                    return false;
                }
            },
            TimeSpan.FromSeconds(30), "the proxy answers");
        return answer;
    }

    /// <summary>What the proxy says to a plain request for any host name.</summary>
    public async Task<HttpStatusCode> AskPlainAsync(string host)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, _caddy.Http) { Headers = { Host = host } };
        using var answer = await client.SendAsync(request);
        return answer.StatusCode;
    }

    public async Task<bool> IsKnownToProxyAsync(string host) => (await _caddy.ReadConfigurationAsync()).Contains(host, StringComparison.Ordinal);

    /// <summary>The proxy has nothing but what it was started with.</summary>
    public Task ForgetRoutesAsync() => _caddy.ForgetAsync();

    public async Task<IReadOnlyList<string>> BucketsAsync()
    {
        using var client = new AmazonS3Client(
            _s3.Account.AccessKey, _s3.Account.SecretKey, new AmazonS3Config { ServiceURL = _s3.Url.AbsoluteUri, ForcePathStyle = true, AuthenticationRegion = "us-east-1" });
        return [.. ((await client.ListBucketsAsync()).Buckets ?? []).Select(b => b.BucketName).Where(b => b.Contains(Installation.Code, StringComparison.Ordinal))];
    }

    /// <summary>How many objects there are of backups.</summary>
    public async Task<int> CountBackupObjectsAsync() => (await _s3.ListObjectsAsync(Installation.Settings["Backups:Bucket"])).Count;

    /// <summary>What the tenant's bucket may hold, in bytes, as the object gateway's own tool says; null without a limit.</summary>
    public async Task<long?> QuotaAsync() =>
        (await _s3.ListBucketsAsync()).Single(b => b.Name.Contains($"-{Installation.Code}-", StringComparison.Ordinal)).Quota;

    /// <summary>Asks every server itself.</summary>
    public async Task AssertNothingIsLeftAsync()
    {
        await Installation.ComesToRestAsync();
        Assert.Empty(await Installation.DatabasesAsync());
        Installation.AssertFileStores();
        var zone = JsonNode.Parse(await Dns.ReadZoneAsync(Zone))!["rrsets"]!.AsArray();
        Assert.All(zone, record => Assert.Contains(record!["type"]!.GetValue<string>(), new[] { "SOA", "NS" }));
        Assert.DoesNotContain(Installation.Code, await _caddy.ReadConfigurationAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(await BucketsAsync(), b => !b.EndsWith("-backups", StringComparison.Ordinal));
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.secrets where name like 'tenants/%' or name like 'certificates/tenants/%'"));
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.backups"));
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.domains"));
        Assert.Equal(0, await Installation.CountAsync("select count(*) from durable.activities where instance_id not like 'timer-%'"));
    }

    public async ValueTask DisposeAsync()
    {
        Directory.CreateDirectory(Installation.Store);
        await Installation.DisposeAsync();
        await _caddy.DisposeAsync();
        await _application.DisposeAsync();
    }

    /// <summary>Lets the proxy send the authority's questions to the product's host. The authority must be the test's own.</summary>
    public Task ServeChallengesAsync(Uri host) => _caddy.ServeChallengesAsync(_authority.HttpPort, host);
}
