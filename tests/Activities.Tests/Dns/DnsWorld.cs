using Bibind.Activities.Dns;
using Bibind.Activities.Dns.Query;
using Bibind.Activities.Registration;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.ControlPlane.Servers;
using Bibind.Local.RealServers;
using Bibind.Testing;
using Bibind.Testing.Servers;
using DnsClient;
using DnsClient.Protocol;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Bibind.Activities.Tests.Dns;

/// <summary>The tests that change the one real PowerDNS go one after the other: its SQLite refuses a change that meets another.</summary>
[CollectionDefinition(Name)]
public sealed class RealDns
{
    public const string Name = "real DNS";
}

/// <summary>A DNS provider as a host would hold it, on a zone of one test's own that a real server answers for.</summary>
internal sealed class DnsWorld : IAsyncDisposable
{
    public const string Address = "192.0.2.10";

    private readonly ServiceProvider _services;
    private readonly TestDatabase _database;

    private DnsWorld(ServiceProvider services, TestDatabase database, PowerDnsServer server, string zone)
    {
        _services = services;
        _database = database;
        Server = server;
        Zone = zone;
    }

    public PowerDnsServer Server { get; }

    public string Zone { get; }

    public IDnsProvider Records => _services.GetRequiredService<IDnsProvider>();

    public IDnsChallenges Challenges => _services.GetRequiredService<IDnsChallenges>();

    public RecordedLogs Logs => _services.GetRequiredService<RecordedLogs>();

    /// <summary>With PowerDNS unless the settings say otherwise.</summary>
    public static async Task<DnsWorld> CreateAsync(params (string Key, string? Value)[] settings) =>
        await CreateAsync(await (await SharedServers.PowerDnsAsync()).NewZoneAsync(), settings);

    public static async Task<DnsWorld> CreateAsync(string zone, params (string Key, string? Value)[] settings)
    {
        var server = await SharedServers.PowerDnsAsync();
        var database = await TestDatabase.CreateAsync();
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["Platform:Domain"] = zone,
                ["Dns:Provider"] = "powerdns",
                ["Dns:PowerDns:Url"] = server.Api.ToString(),
                ["Dns:PowerDns:ApiKey"] = server.ApiKey,
                ["Dns:Authoritative"] = server.Dns.ToString(),
                ["Dns:Target"] = Address,
                ["Dns:VerifyLimit"] = "00:00:05",
            })
            .AddInMemoryCollection(settings.GroupBy(s => s.Key).Select(s => KeyValuePair.Create(s.Key, s.Last().Value)))
            .Build();
        var logs = new RecordedLogs();
        var services = new ServiceCollection()
            .AddSingleton(database.OpenDataSource())
            .AddSingleton<IServerDirectory>(new OneServer(new ServerConnection
            {
                ServerId = 1,
                Code = "srv-1",
                Url = new Uri("http://198.51.100.7:8069"),
                DatabaseHost = "127.0.0.1",
                DatabasePort = 5432,
                DatabaseUser = "nobody",
                DatabasePassword = "unused",
                ApplicationRole = "odoo",
            }))
            .AddSingleton(logs)
            .AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(logs))
            .AddActivities(configuration)
            .BuildServiceProvider();
        return new DnsWorld(services, database, server, zone);
    }

    /// <summary>A tenant in the zone.</summary>
    public TenantDescriptor NewPlace()
    {
        var place = World.NewPlace();
        return place with { Host = $"{place.Code}.{Zone}", BaseUrl = $"https://{place.Code}.{Zone}" };
    }

    /// <summary>What the authoritative server itself answers.</summary>
    public async Task<IReadOnlyList<string>> AskAsync(string name, string type)
    {
        var asked = Enum.Parse<QueryType>(type);
        var answer = await DnsQueryClient.AskAsync(Server.Dns, name, asked, CancellationToken.None);
        return [.. answer.Answers.Where(r => r.RecordType == (ResourceRecordType)asked).Select(r => r.Value()).Order(StringComparer.Ordinal)];
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await _database.DisposeAsync();
    }
}
