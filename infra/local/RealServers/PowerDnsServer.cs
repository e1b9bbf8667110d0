using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;

namespace Bibind.Local.RealServers;

/// <summary>A real PowerDNS authoritative server with its HTTP API, on free ports of 127.0.0.1.</summary>
public sealed class PowerDnsServer : IAsyncDisposable
{
    private const string Schema = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql";

    private readonly RunningServer _process;
    private readonly HttpClient _http;

    private PowerDnsServer(RunningServer process, int dnsPort, int apiPort, string apiKey)
    {
        _process = process;
        Dns = new IPEndPoint(IPAddress.Loopback, dnsPort);
        Api = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{apiPort}"));
        ApiKey = apiKey;
        _http = new HttpClient { BaseAddress = new Uri(Api, "/api/v1/servers/localhost/") };
        _http.DefaultRequestHeaders.Add("X-API-Key", apiKey);
    }

    /// <summary>Where it answers DNS queries, by UDP and TCP.</summary>
    public IPEndPoint Dns { get; }

    /// <summary>Where its API is, without a path.</summary>
    public Uri Api { get; }

    public string ApiKey { get; }

    /// <exception cref="LocalServerException">A program is missing; names its package. Or it did not start; says why.</exception>
    public static async Task<PowerDnsServer> StartAsync(CancellationToken cancellationToken = default)
    {
        var program = ServerPrograms.Require("pdns_server", "pdns-server");
        var sqlite = ServerPrograms.Require("sqlite3", "sqlite3");
        if (!File.Exists(Schema))
        {
            throw new LocalServerException(
                $"{Schema} is missing, and the real PowerDNS is needed here: install the Debian package pdns-backend-sqlite3 (as root, ./test and ./run --full do).");
        }

        var folder = ServerFolder.New();
        var database = Path.Combine(folder, "pdns.sqlite3");
        await ChildProcess.MustRunAsync([sqlite, database, $".read {Schema}"], "make the database of PowerDNS", cancellationToken);
        var (dnsPort, apiPort, apiKey) = (FreePorts.Next(), FreePorts.Next(), RandomNumberGenerator.GetHexString(32, lowercase: true));
        await File.WriteAllTextAsync(Path.Combine(folder, "pdns.conf"), string.Create(CultureInfo.InvariantCulture, $"""
            launch=gsqlite3
            gsqlite3-database={database}
            local-address=127.0.0.1
            local-port={dnsPort}
            socket-dir={folder}
            api=yes
            api-key={apiKey}
            webserver=yes
            webserver-address=127.0.0.1
            webserver-port={apiPort}
            webserver-allow-from=127.0.0.1
            daemon=no
            guardian=no
            disable-syslog=yes
            cache-ttl=0
            query-cache-ttl=0
            negquery-cache-ttl=0
            zone-cache-refresh-interval=0
            gsqlite3-pragma-journal-mode=WAL
            gsqlite3-pragma-synchronous=0
            write-pid=no
            default-soa-content=ns1.@ hostmaster.@ 0 60 60 3600 60
            """), cancellationToken);
        var process = await RunningServer.StartAsync("pdns_server", folder, [program, $"--config-dir={folder}"], deleteFolder: true, cancellationToken: cancellationToken);
        var server = new PowerDnsServer(process, dnsPort, apiPort, apiKey);
        await process.IsReadyAsync(server.AnswersAsync, cancellationToken);
        return server;
    }

    public async Task CreateZoneAsync(string zone, CancellationToken cancellationToken = default)
    {
        using var answer = await _http.PostAsJsonAsync("zones", new { name = $"{zone}.", kind = "Native", nameservers = new[] { $"ns1.{zone}." } }, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Sets records as somebody else would: with a comment of theirs, or with none.</summary>
    public Task SetAsync(string zone, string name, string type, IReadOnlyList<string> values, string? account = null) =>
        PatchAsync(zone, new
        {
            name = $"{name}.",
            type,
            ttl = 60,
            changetype = "REPLACE",
            records = values.Select(v => new { content = v, disabled = false }).ToArray(),
            comments = account is null ? [] : new[] { new { content = "made by hand", account, modified_at = 0 } },
        });

    /// <summary>Deletes the records of a name and type.</summary>
    public Task DeleteAsync(string zone, string name, string type) =>
        PatchAsync(zone, new { name = $"{name}.", type, changetype = "DELETE" });

    /// <summary>The zone as the API shows it.</summary>
    public Task<string> ReadZoneAsync(string zone, CancellationToken cancellationToken = default) =>
        _http.GetStringAsync(new Uri($"zones/{zone}.", UriKind.Relative), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
    }

    private async Task PatchAsync(string zone, object set)
    {
        using var answer = await _http.PatchAsJsonAsync($"zones/{zone}.", new { rrsets = new[] { set } });
        if (!answer.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"PowerDNS refused: {await answer.Content.ReadAsStringAsync()}");
        }
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            using var answer = await _http.GetAsync(new Uri("zones", UriKind.Relative));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
