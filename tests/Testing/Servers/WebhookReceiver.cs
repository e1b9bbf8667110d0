using System.Globalization;
using System.Net.Http.Json;
using Bibind.Local;
using Bibind.Local.RealServers;

namespace Bibind.Testing.Servers;

/// <summary>A message that came.</summary>
/// <param name="Id"><c>webhook-id</c>.</param>
/// <param name="Signature"><c>webhook-signature</c>.</param>
/// <param name="Body">Its body.</param>
/// <param name="Path">Where it was posted to.</param>
/// <param name="Verified">For each secret, whether the library of Standard Webhooks finds the signature right.</param>
public sealed record ReceivedWebhook(string? Id, string? Signature, string Body, string Path, IReadOnlyList<bool> Verified);

/// <summary>Receives webhooks and checks them with the library of Standard Webhooks (npm's standardwebhooks).</summary>
public sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly string _folder = PostgresFixture.NewFolder();
    private readonly int _port = FreePorts.Next();
    private readonly int _controlPort = FreePorts.Next();
    private readonly HttpClient _http = new();
    private RunningServer? _process;

    private WebhookReceiver()
    {
    }

    /// <summary>Where it takes messages.</summary>
    public string Url => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port}/notices");

    public static async Task<WebhookReceiver> StartAsync()
    {
        var receiver = new WebhookReceiver();
        var file = Path.Combine(receiver._folder, "receiver.json");
        await File.WriteAllTextAsync(file, $$"""{"port": {{receiver._port}}, "controlPort": {{receiver._controlPort}}}""");
        receiver._process = await RunningServer.StartAsync(
            "webhook-receiver", receiver._folder,
            [
                ServerPrograms.Require("node", "nodejs"), Path.Combine(Repository.Root, "infra/local/servers/webhook-receiver.mjs"),
                NodeServers.Require("standardwebhooks", "dist/index.js"), file,
            ],
            deleteFolder: false);
        await receiver._process.ListensAsync(receiver._port);
        await receiver._process.ListensAsync(receiver._controlPort);
        return receiver;
    }

    /// <summary>What came.</summary>
    public async Task<IReadOnlyList<ReceivedWebhook>> MessagesAsync() => (await _http.GetFromJsonAsync<List<ReceivedWebhook>>(Control))!;

    /// <summary>How it checks and answers from now on.</summary>
    public async Task AnswerAsync(int status = 200, IReadOnlyList<string>? secrets = null, IReadOnlyDictionary<string, string>? headers = null)
    {
        using var answer = await _http.PostAsJsonAsync(Control, new { secrets = secrets ?? [], status, headers = headers ?? new Dictionary<string, string>() });
        answer.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private Uri Control => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_controlPort}"));
}
