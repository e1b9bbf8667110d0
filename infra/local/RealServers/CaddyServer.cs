using System.Text;
using System.Text.Json.Nodes;

namespace Bibind.Local.RealServers;

/// <summary>A real Caddy with an admin API, one HTTP server named <c>edge</c> on a plain and a TLS port, and nothing behind it.</summary>
public sealed class CaddyServer : IAsyncDisposable
{
    /// <summary>The name of the HTTP server in its configuration.</summary>
    public const string Edge = "edge";

    private readonly RunningServer _process;
    private readonly JsonObject _configuration;

    private CaddyServer(RunningServer process, JsonObject configuration, int adminPort, int httpPort, int httpsPort)
    {
        (_process, _configuration) = (process, configuration);
        Admin = new Uri($"http://127.0.0.1:{adminPort}");
        Http = new Uri($"http://127.0.0.1:{httpPort}");
        Https = new Uri($"https://127.0.0.1:{httpsPort}");
    }

    public Uri Admin { get; }

    public Uri Http { get; }

    public Uri Https { get; }

    /// <exception cref="LocalServerException">The program is missing; names its package. Or it did not start; says why.</exception>
    public static async Task<CaddyServer> StartAsync(CancellationToken cancellationToken = default)
    {
        var folder = ServerFolder.New();
        var (adminPort, httpPort, httpsPort) = (FreePorts.Next(), FreePorts.Next(), FreePorts.Next());
        var file = Path.Combine(folder, "caddy.json");
        var configuration = Configuration(adminPort, httpPort, httpsPort);
        await File.WriteAllTextAsync(file, configuration.ToJsonString(), cancellationToken);
        var process = await RunningServer.StartAsync(
            "caddy", folder, [ServerPrograms.Require("caddy", "caddy"), "run", "--config", file], deleteFolder: true,
            new Dictionary<string, string> { ["HOME"] = folder, ["XDG_CONFIG_HOME"] = folder, ["XDG_DATA_HOME"] = folder },
            cancellationToken: cancellationToken);
        await process.ListensAsync(adminPort, cancellationToken);
        await process.ListensAsync(httpPort, cancellationToken);
        return new CaddyServer(process, configuration, adminPort, httpPort, httpsPort);
    }

    /// <summary>Takes the configuration that it was started with, as a restart without <c>--resume</c> does.</summary>
    public async Task ForgetAsync()
    {
        using var client = new HttpClient();
        using var body = new StringContent(_configuration.ToJsonString(), Encoding.UTF8, "application/json");
        using var answer = await client.PostAsync(new Uri(Admin, "/load"), body);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>The configuration that it has now, as its admin API shows it.</summary>
    public async Task<string> ReadConfigurationAsync(CancellationToken cancellationToken = default)
    {
        using var client = new HttpClient();
        return await client.GetStringAsync(new Uri(Admin, "/config/"), cancellationToken);
    }

    /// <summary>
    /// Listens where an ACME authority fetches HTTP-01 proofs, and sends its questions to the product's host, as an operator
    /// would let it.
    /// </summary>
    /// <param name="port">The authority's <see cref="PebbleServer.HttpPort"/>.</param>
    /// <param name="host">Where the product's host listens.</param>
    public async Task ServeChallengesAsync(int port, Uri host, CancellationToken cancellationToken = default)
    {
        var server = $$"""
            {
              "listen": ["127.0.0.1:{{port}}"],
              "automatic_https": { "disable": true },
              "routes": [{
                "match": [{ "path": ["/.well-known/acme-challenge/*"] }],
                "handle": [{ "handler": "reverse_proxy", "upstreams": [{ "dial": "{{host.Authority}}" }] }]
              }]
            }
            """;
        using var client = new HttpClient();
        using var body = new StringContent(server, Encoding.UTF8, "application/json");
        using var answer = await client.PostAsync(new Uri(Admin, "/config/apps/http/servers/challenges"), body, cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            throw new LocalServerException($"Caddy refused: {await answer.Content.ReadAsStringAsync(cancellationToken)}");
        }
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static JsonObject Configuration(int adminPort, int httpPort, int httpsPort) => new()
    {
        ["admin"] = new JsonObject { ["listen"] = $"127.0.0.1:{adminPort}" },
        ["apps"] = new JsonObject
        {
            ["http"] = new JsonObject
            {
                // Every other port of the server speaks TLS.
                ["http_port"] = httpPort,
                ["servers"] = new JsonObject
                {
                    [Edge] = new JsonObject
                    {
                        ["listen"] = new JsonArray($"127.0.0.1:{httpPort}", $"127.0.0.1:{httpsPort}"),
                        ["routes"] = new JsonArray(),
                        ["automatic_https"] = new JsonObject { ["disable"] = true },
                        ["tls_connection_policies"] = new JsonArray(new JsonObject()),
                    },
                },
            },
        },
    };
}
