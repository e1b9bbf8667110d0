using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.Testing.FunctionsHost.Protocol;
using Google.Protobuf;

namespace Bibind.Testing.FunctionsHost;

/// <summary>
/// Does what the Azure Functions host does with an isolated worker, from the deployed folder: starts the program that
/// <c>worker.config.json</c> names, asks it for its functions, loads them, leads HTTP requests to it and invokes queue and timer
/// functions. Stands in for the real host, which cannot be had here; its ways were measured at version 4.1037.
/// </summary>
/// <remarks>
/// Sources of the shapes: GrpcWorkerChannel and DefaultHttpProxyService of azure-functions-host; QueueMessageConverter of
/// azure-functions-dotnet-worker.
/// </remarks>
public sealed class FunctionsHostStandIn : IAsyncDisposable
{
    private const long LargestBody = 100 * 1024 * 1024;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly string _folder;
    private readonly IReadOnlyDictionary<string, string> _settings;
    private readonly Action<string> _log;
    private readonly HttpClient _http = new(new RetryingHandler()) { Timeout = Timeout.InfiniteTimeSpan };
    private readonly SemaphoreSlim _starting = new(1);
    private WorkerServer? _server;
    private Process? _process;
    private WorkerConnection? _worker;
    private Uri? _workerHttp;

    private FunctionsHostStandIn(string folder, IReadOnlyDictionary<string, string> settings, Action<string> log)
    {
        (_folder, _settings, _log) = (folder, settings, log);
        var host = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "host.json")))!;
        FunctionTimeout = TimeSpan.Parse(host["functionTimeout"]!.GetValue<string>(), CultureInfo.InvariantCulture);
    }

    /// <summary>What the worker told of.</summary>
    public IReadOnlyList<StandInFunction> Functions { get; private set; } = [];

    /// <summary>How long an invocation may take before it is cancelled; that of <c>host.json</c> unless set.</summary>
    public TimeSpan FunctionTimeout { get; set; }

    /// <summary>The worker's process.</summary>
    public Process Process => _process!;

    /// <summary>Starts the host, and a worker.</summary>
    /// <param name="folder">What is deployed.</param>
    /// <param name="settings">Application settings.</param>
    /// <param name="log">Takes what the worker logs and prints.</param>
    public static async Task<FunctionsHostStandIn> StartAsync(string folder, IReadOnlyDictionary<string, string> settings, Action<string> log)
    {
        var host = new FunctionsHostStandIn(folder, settings, log) { _server = await WorkerServer.StartAsync() };
        await host.ConnectedAsync();
        return host;
    }

    /// <summary>Takes a request as from outside.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var (worker, address) = await ConnectedAsync();
        var function = Functions.FirstOrDefault(f => f.Takes(request.Method.Method, request.RequestUri!.AbsolutePath));
        if (function is null || request.Content?.Headers.ContentLength > LargestBody)
        {
            // The host's own answers have no body.
            return new HttpResponseMessage(function is null ? HttpStatusCode.NotFound : HttpStatusCode.InternalServerError) { RequestMessage = request };
        }

        var id = Guid.NewGuid().ToString();
        var invocation = InvokeAsync(worker, function, id, new TypedData { Http = new RpcHttp() });
        using var forwarded = Forward(request, new Uri(address, request.RequestUri!.PathAndQuery), id);
        var response = await _http.SendAsync(forwarded, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        _ = invocation.ContinueWith(
            i => _log($"[host] {function.Name} failed: {i.Exception?.InnerException?.Message ?? i.Result.Error}"),
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ContinueWith(static _ => { }, TaskScheduler.Default);
        return response;
    }

    /// <summary>Hands a queue message to its function.</summary>
    public async Task<StandInResult> InvokeQueueAsync(StandInFunction function, StandInMessage message)
    {
        ArgumentNullException.ThrowIfNull(function);
        ArgumentNullException.ThrowIfNull(message);
        var now = DateTimeOffset.UtcNow;
        var content = new JsonObject
        {
            ["MessageId"] = message.Id,
            ["PopReceipt"] = message.Receipt,
            ["MessageText"] = message.Text,
            ["DequeueCount"] = message.DequeueCount,
            ["NextVisibleOn"] = now.AddMinutes(10),
            ["InsertedOn"] = now,
            ["ExpiresOn"] = now.AddDays(7),
        };
        var (worker, _) = await ConnectedAsync();
        return await InvokeAsync(
            worker, function, Guid.NewGuid().ToString(),
            new TypedData
            {
                ModelBindingData = new ModelBindingData
                {
                    Version = "1.0",
                    Source = "AzureStorageQueues",
                    ContentType = "application/json",
                    Content = ByteString.CopyFrom(JsonSerializer.SerializeToUtf8Bytes(content)),
                },
            },
            Metadata(message));
    }

    /// <summary>Lets a timer fire.</summary>
    public async Task<StandInResult> InvokeTimerAsync(StandInFunction function)
    {
        ArgumentNullException.ThrowIfNull(function);
        var (worker, _) = await ConnectedAsync();
        return await InvokeAsync(
            worker, function, Guid.NewGuid().ToString(), new TypedData { Json = """{"Schedule":{"AdjustForDST":true},"ScheduleStatus":null,"IsPastDue":false}""" });
    }

    /// <summary>Kills the worker; the next call starts another.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Tells the worker to end, and waits until it has; answers its exit code.</summary>
    public async Task<int> TerminateAsync(CancellationToken cancellationToken)
    {
        _worker!.Tell(new StreamingMessage { WorkerTerminate = new WorkerTerminate() });
        await _process!.WaitForExitAsync(cancellationToken);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await KillAsync();
        }

        _process?.Dispose();
        _http.Dispose();
        _starting.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    private async Task<(WorkerConnection Worker, Uri Http)> ConnectedAsync()
    {
        await _starting.WaitAsync();
        try
        {
            if (_process is not { HasExited: false })
            {
                await StartWorkerAsync();
            }

            return (_worker!, _workerHttp!);
        }
        finally
        {
            _starting.Release();
        }
    }

    private async Task StartWorkerAsync()
    {
        var id = Guid.NewGuid().ToString();
        var worker = _server!.Expect(id, _log);
        var said = new ConcurrentQueue<string>();
        _process = WorkerProcess.Start(_folder, _settings, _server.Address, id, line =>
        {
            said.Enqueue(line);
            _log(line);
        });
        if (await Task.WhenAny(worker.Started, _process.WaitForExitAsync()).WaitAsync(StartLimit) != worker.Started)
        {
            throw new InvalidOperationException($"The worker ended with exit code {_process.ExitCode} before it connected:\n{string.Join('\n', said)}");
        }

        var init = await worker.AskAsync(Guid.NewGuid().ToString(), new StreamingMessage
        {
            WorkerInitRequest = new WorkerInitRequest { HostVersion = "4.1037.0", WorkerDirectory = _folder, FunctionAppDirectory = _folder },
        }).WaitAsync(StartLimit);
        _workerHttp = new Uri(init.WorkerInitResponse.Capabilities["HttpUri"]);
        Functions = await FunctionsLoading.LoadAsync(worker, _folder).WaitAsync(StartLimit);
        _worker = worker;
    }

    private async Task<StandInResult> InvokeAsync(
        WorkerConnection worker, StandInFunction function, string id, TypedData input, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var request = new InvocationRequest { InvocationId = id, FunctionId = function.Id, TraceContext = new RpcTraceContext() };
        request.InputData.Add(new ParameterBinding { Name = function.Parameter, Data = input });
        foreach (var (name, value) in metadata ?? new Dictionary<string, string>())
        {
            request.TriggerMetadata[name] = new TypedData { Json = value };
        }

        var answer = worker.AskAsync(id, new StreamingMessage { InvocationRequest = request });
        if (await Task.WhenAny(answer, Task.Delay(FunctionTimeout)) != answer)
        {
            worker.Tell(new StreamingMessage { InvocationCancel = new InvocationCancel { InvocationId = id } });
        }

        try
        {
            var result = (await answer).InvocationResponse.Result;
            return new StandInResult(result.Status == StatusResult.Types.Status.Success, result.Exception?.Message);
        }
        catch (WorkerLostException lost)
        {
            return new StandInResult(Succeeded: false, lost.Message);
        }
    }

    // The host makes metadata of a message's own members, and lets them overwrite its own.
    private static Dictionary<string, string> Metadata(StandInMessage message)
    {
        var metadata = new Dictionary<string, string>
        {
            ["Id"] = JsonSerializer.Serialize(message.Id),
            ["DequeueCount"] = message.DequeueCount.ToString(CultureInfo.InvariantCulture),
        };
        try
        {
            foreach (var (name, value) in JsonNode.Parse(message.Text) as JsonObject ?? [])
            {
                metadata[name] = value?.ToJsonString() ?? "null";
            }
        }
        catch (JsonException)
        {
            // Then it has no members.
        }

        return metadata;
    }

    private static HttpRequestMessage Forward(HttpRequestMessage request, Uri address, string invocationId)
    {
        var forwarded = new HttpRequestMessage(request.Method, address) { Content = request.Content };
        foreach (var header in request.Headers.Where(h => !h.Key.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase)))
        {
            forwarded.Headers.TryAddWithoutValidation(header.Key, header.Value);
        }

        forwarded.Headers.Add("X-Forwarded-For", "127.0.0.1");
        forwarded.Headers.Add("X-Forwarded-Host", request.RequestUri!.Authority);
        forwarded.Headers.Add("X-Forwarded-Proto", request.RequestUri.Scheme);
        forwarded.Headers.Add("x-ms-invocation-id", invocationId);
        return forwarded;
    }
}
