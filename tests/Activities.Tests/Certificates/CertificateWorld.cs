using System.Security.Cryptography.X509Certificates;
using Bibind.Activities.Certificates;
using Bibind.Activities.Certificates.Acme;
using Bibind.Activities.Dns;
using Bibind.Activities.Registration;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.ControlPlane.Certificates;
using Bibind.ControlPlane.Registration;
using Bibind.ControlPlane.Schema;
using Bibind.ControlPlane.Secrets;
using Bibind.Local.RealServers;
using Bibind.Testing;
using Bibind.Testing.Servers;
using Dapper;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.Activities.Tests.Certificates;

/// <summary>Certificates as a host would get them: control database, Pebble and PowerDNS are real; the clock may be moved.</summary>
internal sealed class CertificateWorld : IAsyncDisposable
{
    public const string MasterKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    private readonly ServiceProvider _services;
    private readonly TestDatabase? _database;

    private CertificateWorld(ServiceProvider services, TestDatabase? database, PowerDnsServer dns, string zone)
    {
        _services = services;
        _database = database;
        Dns = dns;
        Zone = zone;
    }

    public PowerDnsServer Dns { get; }

    public string Zone { get; }

    public MovedClock Clock => (MovedClock)Get<TimeProvider>();

    public ICertificateProvider Certificates => Get<ICertificateProvider>();

    public ITenantCertificates Found => Get<ITenantCertificates>();

    public ICertificateRenewals Renewals => Get<ICertificateRenewals>();

    public CertificateRegister Register => Get<CertificateRegister>();

    public ISecretStore Secrets => Get<ISecretStore>();

    public RecordedLogs Logs => Get<RecordedLogs>();

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    /// <summary>With ACME at Pebble by DNS-01 in a zone of its own, unless the settings say otherwise.</summary>
    public static async Task<CertificateWorld> CreateAsync(params (string Key, string? Value)[] settings)
    {
        var dns = await SharedServers.PowerDnsAsync();
        var database = await TestDatabase.CreateAsync();
        var world = await CreateAsync(dns, await dns.NewZoneAsync(), database.OpenDataSource(), database, settings);
        await world.Get<ControlDatabaseMigrator>().ApplyAsync(CancellationToken.None);
        return world;
    }

    /// <summary>Another machine of the same installation, or the same one after a restart.</summary>
    public Task<CertificateWorld> RestartAsync(params (string Key, string? Value)[] settings) =>
        CreateAsync(Dns, Zone, Get<NpgsqlDataSource>(), null, settings);

    private static async Task<CertificateWorld> CreateAsync(
        PowerDnsServer dns, string zone, NpgsqlDataSource source, TestDatabase? database, (string Key, string? Value)[] settings)
    {
        var values = new Dictionary<string, string?>
        {
            ["Platform:Domain"] = zone,
            ["Secrets:MasterKey"] = MasterKey,
            ["Dns:Provider"] = "powerdns",
            ["Dns:PowerDns:Url"] = dns.Api.ToString(),
            ["Dns:PowerDns:ApiKey"] = dns.ApiKey,
            ["Dns:Authoritative"] = dns.Dns.ToString(),
            ["Dns:Target"] = "127.0.0.1",
            ["Dns:VerifyLimit"] = "00:00:03",
            ["Certificates:Provider"] = "acme",
            ["Certificates:Challenge"] = "dns-01",
            ["Certificates:Acme:AcceptTerms"] = "true",
        };
        foreach (var (key, value) in settings)
        {
            values[key] = value;
        }

        if (!values.ContainsKey("Certificates:Acme:Directory"))
        {
            foreach (var (key, value) in At(await SharedServers.PebbleAsync()))
            {
                values[key] = value;
            }
        }

        var logs = new RecordedLogs();
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(values).Build();
        var services = new ServiceCollection()
            .AddSingleton<TimeProvider>(new MovedClock())
            .AddSingleton(source)
            .AddSingleton(logs)
            .AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(logs))
            .AddControlPlane(configuration)
            .AddActivities(configuration)
            .BuildServiceProvider();
        return new CertificateWorld(services, database, dns, zone);
    }

    /// <summary>The settings that lead to a Pebble.</summary>
    public static (string Key, string? Value)[] At(PebbleServer pebble) =>
        [("Certificates:Acme:Directory", pebble.Directory.ToString()), ("Certificates:Acme:TrustedRoots", pebble.TrustedRootsFile)];

    /// <summary>A tenant in the zone.</summary>
    public TenantDescriptor NewPlace()
    {
        var place = World.NewPlace();
        return place with { Host = $"{place.Code}.{Zone}", BaseUrl = $"https://{place.Code}.{Zone}" };
    }

    /// <summary>The certificate itself; the test has seen that it is there.</summary>
    public async Task<X509Certificate2> LeafAsync(TenantDescriptor place) =>
        X509Certificate2.CreateFromPem((await Found.FindAsync(place, CancellationToken.None))!.ChainPem);

    /// <summary>What the proxy and the host do together: answers challenges on the port where a Pebble looks.</summary>
    public Task<HttpStub> AnswerChallengesAsync(int port) => HttpStub.StartAsync(
        async http =>
        {
            var token = http.Request.Path.Value!.Split('/')[^1];
            if (await Get<ChallengeStore>().FindAsync(token, http.RequestAborted) is { } answer)
            {
                await http.Response.WriteAsync(answer);
                return;
            }

            http.Response.StatusCode = StatusCodes.Status404NotFound;
        },
        port);

    public async Task<long> CountAsync(string table)
    {
        await using var connection = await Get<NpgsqlDataSource>().OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<long>($"select count(*) from control.{table}");
    }

    public async Task<Uri> AccountAsync() => new((await Get<AcmeClient>().AccountAsync(CancellationToken.None)).Address);

    public IDnsProvider Records => Get<IDnsProvider>();

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }
}

/// <summary>The system's clock, some time ahead; waits take their real time.</summary>
internal sealed class MovedClock : TimeProvider
{
    public TimeSpan Lead { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Lead;
}
