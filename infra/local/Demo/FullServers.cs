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
    /// <summary>The platform's domain; its zone is at our own DNS server only, and browsers and curl take its names for this machine by themselves.</summary>
    public const string Zone = "bibind.localhost";

    private const string ServerCode = "local";

    private readonly Stack<IAsyncDisposable> started = [];

    private FullServers(PowerDnsServer dns, PebbleServer authority, CephS3Server s3, CaddyServer proxy) =>
        (Dns, Authority, S3, Proxy) = (dns, authority, s3, proxy);

    public PowerDnsServer Dns { get; }

    public PebbleServer Authority { get; }

    public CephS3Server S3 { get; }

    public CaddyServer Proxy { get; }

    /// <summary>The real application; null where a stand-in answers.</summary>
    public OdooServer? Odoo { get; private set; }

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
            var servers = new FullServers(dns, authority, s3, proxy);
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

        Task<T> StartAsync<T>(string name, Func<CancellationToken, Task<T>> start, Func<T, string> describe)
            where T : IAsyncDisposable =>
            FullServers.StartAsync(started, name, start, describe, console, cancellationToken);
    }

    /// <summary>Starts the application, which needs the database server.</summary>
    /// <param name="isReal">False for the stand-in.</param>
    /// <returns>What the product has to be told to use them all.</returns>
    public async Task<IReadOnlyDictionary<string, string>> StartApplicationAsync(
        EmbeddedPostgres postgres, bool isReal, IAnsiConsole console, CancellationToken cancellationToken)
    {
        var settings = new Dictionary<string, string>(EffectSettings.Of(Zone, Dns, Authority, S3, Proxy));
        if (isReal)
        {
            await TenantIsolation.PrepareAsync(postgres, LocalServer.MaintenanceRole, cancellationToken);
            var pooler = await StartAsync(
                started, "PgBouncer", limit => PgBouncerServer.StartAsync(postgres, [LocalServer.ApplicationRole], [MasterOdoo.Database], limit),
                server => $"enters each tenant's database as that tenant's own role, on 127.0.0.1:{server.Port}", console, cancellationToken);
            foreach (var (name, value) in EffectSettings.Of(ServerCode, pooler, postgres))
            {
                settings[name] = value;
            }

            Odoo = await StartAsync(
                started, "Odoo", limit => OdooServer.StartAsync(OdooOptions.At(postgres) with { DatabasePort = pooler.Port }, limit),
                server => $"{server.Version} answers on {server.Url.Authority}, its log is {server.LogFile}", console, cancellationToken);
            settings["Seed__Server__Url"] = Odoo.Url.AbsoluteUri;
            settings["FileStore__Folder"] = Odoo.FileStore;
            settings["Templates__OdooBin"] = Odoo.Program;
        }
        else
        {
            var application = await StartAsync(
                started, "Application", _ => ApplicationStub.StartAsync(), server => $"a stand-in for Odoo answers on {server.Url.Authority}", console, cancellationToken);
            settings["Seed__Server__Url"] = application.Url.AbsoluteUri;
        }

        return settings;
    }

    public ValueTask DisposeAsync() => EndAsync(started);

    private static async Task<T> StartAsync<T>(
        Stack<IAsyncDisposable> started, string name, Func<CancellationToken, Task<T>> start, Func<T, string> describe, IAnsiConsole console,
        CancellationToken cancellationToken)
        where T : IAsyncDisposable
    {
        var watch = Stopwatch.StartNew();
        var server = await start(cancellationToken);
        started.Push(server);
        console.WriteLine($"{name,-12} {describe(server)} ({watch.Elapsed.TotalSeconds:0.0} s)");
        return server;
    }

    private static async ValueTask EndAsync(Stack<IAsyncDisposable> started)
    {
        while (started.TryPop(out var server))
        {
            await server.DisposeAsync();
        }
    }
}
