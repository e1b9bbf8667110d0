using System.Globalization;
using System.Security.Cryptography;
using Bibind.Local;
using Bibind.Local.RealServers;

namespace Bibind.Testing.Servers;

/// <summary>The queues of a storage account of Azure, on a free port of 127.0.0.1; keeps its data when it is stopped and started again.</summary>
public sealed class AzuriteServer : IAsyncDisposable
{
    private const string Account = "bibindtests";
    private static readonly Lazy<Task<AzuriteServer>> Shared = new(async () =>
    {
        var server = new AzuriteServer();
        await server.StartAsync(deleteFolder: true);
        return server;
    });

    private readonly string _folder = PostgresFixture.NewFolder();
    private readonly string _key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(64));
    private readonly int _port = FreePorts.Next();
    private RunningServer? _process;

    private AzuriteServer()
    {
    }

    public string ConnectionString => string.Create(
        CultureInfo.InvariantCulture,
        $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={_key};QueueEndpoint=http://127.0.0.1:{_port}/{Account};");

    public int ProcessId => _process!.ProcessId;

    /// <summary>One for the tests of a process.</summary>
    public static Task<AzuriteServer> GetAsync() => Shared.Value;

    public static async Task<AzuriteServer> StartAsync()
    {
        var server = new AzuriteServer();
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Starts it, with the queues and messages that it had.</summary>
    public Task StartAgainAsync() => StartAsync(deleteFolder: false);

    /// <summary>Ends it; its data stays.</summary>
    public async Task StopAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task StartAsync(bool deleteFolder)
    {
        _process = await RunningServer.StartAsync(
            "azurite", _folder,
            [
                ServerPrograms.Require("node", "nodejs"), NodeServers.Require("azurite", "dist/src/queue/main.js"),
                "--location", _folder, "--queueHost", "127.0.0.1", "--queuePort", _port.ToString(CultureInfo.InvariantCulture),
                "--skipApiVersionCheck", "--disableProductStyleUrl", "--disableTelemetry", "--silent",
            ],
            deleteFolder,
            new Dictionary<string, string> { ["AZURITE_ACCOUNTS"] = $"{Account}:{_key}" },
            // It writes what it holds when it ends.
            stopSignal: "TERM");
        await _process.ListensAsync(_port);
    }
}
