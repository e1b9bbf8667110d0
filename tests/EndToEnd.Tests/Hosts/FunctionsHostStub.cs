using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Bibind.Functions.Queues.Brokers;
using Bibind.Local;
using Bibind.Testing;

namespace Bibind.EndToEnd.Tests.Hosts;

/// <summary>
/// Does what the Azure Functions host does with a custom handler, from the deployed folder: starts the executable that
/// <c>host.json</c> names, asks <c>GET /</c> until it answers, forwards HTTP to the routes of the <c>function.json</c> files
/// and nowhere else, takes messages from the storage account's queues and calls functions with an envelope. The real host
/// cannot be had here.
/// </summary>
/// <remarks>
/// Sources of the shapes: HttpFunctionInvocationDispatcher and DefaultHttpWorkerService of azure-functions-host (envelope,
/// ping, forwarding); learn.microsoft.com/azure/azure-functions/functions-custom-handlers; QueueProcessor of
/// azure-functions-host-extensions (poison queue, visibility after a failure).
/// </remarks>
internal sealed class FunctionsHostStub : HostUnderTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // host.json says 30 seconds; a test need not wait for that.
    private static readonly TimeSpan VisibilityAfterFailure = TimeSpan.FromSeconds(1);

    private readonly string _folder;
    private readonly IReadOnlyList<AzureFunction> _functions;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromMinutes(5) };
    private readonly ChildOutput _output = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _starting = new(1);
    private readonly List<Task> _listeners = [];
    private Process? _process;
    private Uri _address = Address;

    private FunctionsHostStub(Installation installation, IQueueBroker broker, string folder)
        : base(installation, broker.Open("billing"))
    {
        _folder = folder;
        _functions = AzureFunction.ReadAll(folder);
        Api = new Api(Address, new Front(this));
    }

    public override Api Api { get; }

    public static async Task<HostUnderTest> StartAsync(Installation installation, IQueueBroker broker)
    {
        installation.Settings["Hosting:Kind"] = "azure";
        var host = new FunctionsHostStub(installation, broker, await PublishedHost.ForAzureAsync());
        await host.RunningAsync();
        foreach (var function in host._functions.Where(f => f.Queue is not null))
        {
            await broker.Open(function.Queue!).CreateAsync(default);
            await broker.Open($"{function.Queue}-poison").CreateAsync(default);
            host._listeners.Add(host.ListenAsync(function, broker.Open(function.Queue!)));
        }

        return host;
    }

    public override async Task TickAsync(string timer)
    {
        var function = _functions.Single(f => f.Name == timer && f.Schedule is not null);
        var tick = new JsonObject
        {
            ["Schedule"] = new JsonObject { ["AdjustForDST"] = true },
            ["ScheduleStatus"] = null,
            ["IsPastDue"] = false,
        };
        var (status, answer) = await InvokeAsync(function.Name, new JsonObject { [function.Binding] = tick }, []);
        Assert.True(status == HttpStatusCode.OK, answer);
    }

    public override async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    public override string Output() => _output.ToString();

    public override async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_listeners);
        if (_process is not null)
        {
            if (!_process.HasExited)
            {
                _process.Kill();
                await _process.WaitForExitAsync();
            }

            _process.Dispose();
        }

        Api.Dispose();
        _http.Dispose();
        _stopping.Dispose();
        _starting.Dispose();
    }

    private async Task<Uri> RunningAsync()
    {
        await _starting.WaitAsync();
        try
        {
            if (_process is { HasExited: false })
            {
                return _address;
            }

            var handler = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_folder, "host.json")))!["customHandler"]!["description"]!;
            var port = FreePorts.Next().ToString(CultureInfo.InvariantCulture);
            var start = new ProcessStartInfo(Path.Combine(_folder, handler["defaultExecutablePath"]!.GetValue<string>())) { WorkingDirectory = _folder };
            foreach (var (name, value) in Installation.Settings)
            {
                start.Environment[name.Replace(":", "__", StringComparison.Ordinal)] = value;
            }

            start.Environment["FUNCTIONS_CUSTOMHANDLER_PORT"] = port;
            start.Environment["FUNCTIONS_WORKER_RUNTIME"] = "Custom";
            start.Environment.Remove("DOTNET_ROOT");
            var process = _output.Start(start);
            var address = new Uri($"http://127.0.0.1:{port}");
            await Eventually.UntilAsync(async () => process.HasExited || await AnswersAsync(address), Patience, "the handler answers GET /");
            Assert.False(process.HasExited, Output());
            (_process, _address) = (process, address);
            return address;
        }
        finally
        {
            _starting.Release();
        }
    }

    private async Task<bool> AnswersAsync(Uri address)
    {
        try
        {
            using var answer = await _http.GetAsync(address);
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task ListenAsync(AzureFunction function, IBrokerQueue queue)
    {
        while (!_stopping.IsCancellationRequested)
        {
            var messages = await queue.ReceiveAsync(16, TimeSpan.FromMinutes(1), default);
            await Task.WhenAll(messages.Select(m => DeliverAsync(function, queue, m)));
            if (messages.Count == 0)
            {
                await Task.Delay(50, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task DeliverAsync(AzureFunction function, IBrokerQueue queue, BrokerMessage message)
    {
        if (LosesWakeUps && function.Queue == "pump")
        {
            await queue.DeleteAsync(message, default);
            return;
        }

        var metadata = new JsonObject
        {
            // Texts come with the quotes of JSON around them, numbers as texts.
            ["Id"] = JsonValue.Create(message.Id)!.ToJsonString(),
            ["DequeueCount"] = message.Attempt.ToString(CultureInfo.InvariantCulture),
            ["sys"] = new JsonObject { ["MethodName"] = function.Name, ["UtcNow"] = DateTime.UtcNow, ["RandGuid"] = Guid.NewGuid() },
        };
        var (status, answer) = await InvokeAsync(function.Name, new JsonObject { [function.Binding] = Wrap(message.Body!) }, metadata);
        if (status is >= HttpStatusCode.OK and < HttpStatusCode.Ambiguous && JsonNode.Parse(answer) is JsonObject)
        {
            await queue.DeleteAsync(message, default);
        }
        else
        {
            _output.Keep($"[stub] {function.Name} failed: {(int)status} {answer}");
            await queue.HideAsync(message, VisibilityAfterFailure, default);
        }
    }

    // A JSON object travels as such; anything else as a string that holds its JSON text.
    private static JsonNode Wrap(string body)
    {
        try
        {
            if (JsonNode.Parse(body) is JsonObject json)
            {
                return json;
            }
        }
        catch (System.Text.Json.JsonException)
        {
        }

        return JsonValue.Create(JsonValue.Create(body)!.ToJsonString())!;
    }

    private async Task<(HttpStatusCode Status, string Answer)> InvokeAsync(string function, JsonObject data, JsonObject metadata)
    {
        var envelope = new JsonObject { ["Data"] = data, ["Metadata"] = metadata };
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(await RunningAsync(), function));
        request.Headers.Add("X-Azure-Functions-InvocationId", Guid.NewGuid().ToString());
        request.Headers.TransferEncodingChunked = true;
        request.Content = new StringContent(envelope.ToJsonString(), Encoding.UTF8, "application/json");
        try
        {
            using var answer = await _http.SendAsync(request);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }
        catch (HttpRequestException died)
        {
            return (HttpStatusCode.BadGateway, died.Message);
        }
    }

    // What comes over HTTP reaches the program only by a route that a function declares.
    private sealed class Front(FunctionsHostStub host) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (!host._functions.Any(f => f.Takes(request.Method.Method, request.RequestUri!.AbsolutePath)))
            {
                return new HttpResponseMessage(HttpStatusCode.NotFound) { RequestMessage = request };
            }

            var forwarded = new HttpRequestMessage(request.Method, new Uri(await host.RunningAsync(), request.RequestUri!.PathAndQuery)) { Content = request.Content };
            foreach (var header in request.Headers)
            {
                forwarded.Headers.TryAddWithoutValidation(header.Key, header.Value);
            }

            return await host._http.SendAsync(forwarded, cancellationToken);
        }
    }
}
