using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.Local.RealServers;
using Bibind.Testing.Servers;

namespace Bibind.EndToEnd.Tests.Hosts;

/// <summary>The answer to an invocation.</summary>
/// <param name="Payload">JSON text.</param>
/// <param name="Error">Null if it went well.</param>
internal sealed record LambdaAnswer(string Payload, string? Error);

/// <summary>A deployed folder under a real Runtime API (@vercel/fun): processes start when they are needed, and are frozen between calls.</summary>
internal sealed class LambdaRuntime : IAsyncDisposable
{
    private static readonly LambdaAnswer Ended = new("The platform has ended.", "Platform");
    private readonly ConcurrentDictionary<string, TaskCompletionSource<LambdaAnswer>> _waiting = new();
    private readonly TaskCompletionSource<LambdaAnswer> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ChildOutput _output;
    private readonly Process _process;
    private int _last;
    private bool _ended;

    private LambdaRuntime(ProcessStartInfo start, ChildOutput output)
    {
        _output = output;
        _waiting["ready"] = _ready;
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Read(line.Data);
        _process.ErrorDataReceived += (_, line) => _output.Keep(line.Data);
        _process.EnableRaisingEvents = true;
        _process.Exited += (_, _) => Fail();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public static async Task<LambdaRuntime> StartAsync(string folder, IReadOnlyDictionary<string, string> environment, TimeSpan timeout, ChildOutput output)
    {
        var start = new ProcessStartInfo(ServerPrograms.Require("node", "nodejs"), [Path.Combine(AppContext.BaseDirectory, "Hosts", "lambda.cjs")]);
        start.Environment["FUN_MODULE"] = NodeServers.Require("@vercel/fun", "package.json")[..^"/package.json".Length];
        start.Environment["FUNCTION_FOLDER"] = folder;
        start.Environment["FUNCTION_TIMEOUT_MS"] = timeout.TotalMilliseconds.ToString(CultureInfo.InvariantCulture);
        start.Environment["FUNCTION_ENVIRONMENT"] = JsonSerializer.Serialize(environment);
        var runtime = new LambdaRuntime(start, output);
        Assert.True((await runtime._ready.Task.WaitAsync(TimeSpan.FromSeconds(60))).Error is null, output.ToString());
        return runtime;
    }

    public async Task<LambdaAnswer> InvokeAsync(string payload)
    {
        var id = Interlocked.Increment(ref _last).ToString(CultureInfo.InvariantCulture);
        var answer = _waiting[id] = new TaskCompletionSource<LambdaAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        var line = new JsonObject { ["id"] = id, ["payload"] = payload }.ToJsonString();
        lock (_process)
        {
            if (_ended)
            {
                return Ended;
            }

            try
            {
                _process.StandardInput.WriteLine(line);
                _process.StandardInput.Flush();
            }
            catch (IOException)
            {
                // It has just been killed.
                return Ended;
            }
        }

        return await answer.Task;
    }

    /// <summary>Kills the platform with every process that it started, frozen ones too.</summary>
    public async ValueTask DisposeAsync()
    {
        Fail();
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private void Read(string? line)
    {
        if (line?.StartsWith("@{", StringComparison.Ordinal) != true)
        {
            _output.Keep(line);
            return;
        }

        var answer = JsonNode.Parse(line[1..])!;
        if (_waiting.TryRemove(answer["id"]!.GetValue<string>(), out var waiting))
        {
            waiting.TrySetResult(new LambdaAnswer(answer["payload"]?.GetValue<string>() ?? string.Empty, answer["error"]?.GetValue<string>()));
        }
    }

    private void Fail()
    {
        lock (_process)
        {
            _ended = true;
        }

        foreach (var id in _waiting.Keys)
        {
            if (_waiting.TryRemove(id, out var waiting))
            {
                waiting.TrySetResult(Ended);
            }
        }
    }
}
