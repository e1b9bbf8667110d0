using System.Diagnostics;
using Bibind.Local.RealServers;
using Spectre.Console;

namespace Bibind.Local.Demo;

/// <summary>
/// Real servers of the moment for every effect: names, certificates, objects and routes. They keep what they have in memory or
/// in temporary folders, and end with this process, however that ends.
/// </summary>
internal sealed class FullServers : IAsyncDisposable
{
    /// <summary>The platform's domain; its zone is at our own DNS server only.</summary>
    public const string Zone = "bibind.test";

    private readonly Stack<IAsyncDisposable> started = [];

    private FullServers(PowerDnsServer dns, PebbleServer authority, CephS3Server s3, CaddyServer proxy, ApplicationStub application) =>
        (Dns, Authority, S3, Proxy, Application) = (dns, authority, s3, proxy, application);

    public PowerDnsServer Dns { get; }

    public PebbleServer Authority { get; }

    public CephS3Server S3 { get; }

    public CaddyServer Proxy { get; }

    /// <summary>Stands in for the application, which none of us can start.</summary>
    public ApplicationStub Application { get; }

    /// <summary>What the product has to be told to use them.</summary>
    public IReadOnlyDictionary<string, string> Settings => EffectSettings.Of(Zone, Dns, Authority, S3, Proxy, Application);

    /// <exception cref="LocalServerException">A program is missing, or a server did not start; says which and why.</exception>
    public static async Task<FullServers> StartAsync(IAnsiConsole console, CancellationToken cancellationToken)
    {
        var started = new Stack<IAsyncDisposable>();
        try
        {
            var dns = await StartAsync("PowerDNS", PowerDnsServer.StartAsync, server => $"answers on {server.Dns}, its API on {server.Api.Authority}");
            await dns.CreateZoneAsync(Zone, cancellationToken);
            var authority = await StartAsync(
                "Pebble", limit => PebbleServer.StartAsync(new PebbleOptions { Dns = dns.Dns }, limit), server => $"signs at {server.Directory}");
            var s3 = await StartAsync("Ceph", CephS3Server.StartAsync, server => $"stores objects at {server.Url.Authority}");
            var proxy = await StartAsync("Caddy", CaddyServer.StartAsync, server => $"leads visitors on from {server.Http.Authority} and, by TLS, {server.Https.Authority}");
            var application = await StartAsync("Application", _ => ApplicationStub.StartAsync(), server => $"a stand-in for Odoo answers on {server.Url.Authority}");
            var servers = new FullServers(dns, authority, s3, proxy, application);
            while (started.TryPop(out var server))
            {
                servers.started.Push(server);
            }

            return servers;
        }
        catch
        {
            await EndAsync(started);
            throw;
        }

        async Task<T> StartAsync<T>(string name, Func<CancellationToken, Task<T>> start, Func<T, string> describe)
            where T : IAsyncDisposable
        {
            var watch = Stopwatch.StartNew();
            var server = await start(cancellationToken);
            started.Push(server);
            console.WriteLine($"{name,-12} {describe(server)} ({watch.Elapsed.TotalSeconds:0.0} s)");
            return server;
        }
    }

    public ValueTask DisposeAsync() => EndAsync(started);

    private static async ValueTask EndAsync(Stack<IAsyncDisposable> started)
    {
        while (started.TryPop(out var server))
        {
            await server.DisposeAsync();
        }
    }
}
