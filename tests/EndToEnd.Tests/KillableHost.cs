using System.Diagnostics;
using Bibind.Local;
using Bibind.Testing;

namespace Bibind.EndToEnd.Tests;

/// <summary>The product's host as a process of its own, to be killed.</summary>
internal sealed class KillableHost : IAsyncDisposable
{
    private readonly Process _process;
    private readonly List<string> _output = [];

    private KillableHost(Process process, Uri address)
    {
        _process = process;
        Address = address;
        Api = new Api(address);
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public Uri Address { get; }

    public Api Api { get; }

    /// <summary>Starts the host and waits until it is ready.</summary>
    /// <param name="installation">Whose host it is.</param>
    /// <param name="killAt">The boundary at which it kills itself; see <c>KillSwitch</c>.</param>
    /// <param name="failAt">A step that fails for good.</param>
    public static async Task<KillableHost> StartAsync(Installation installation, string killAt, string? failAt = null)
    {
        var address = new Uri($"http://127.0.0.1:{FreePorts.Next()}");
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList = { Path.Combine(AppContext.BaseDirectory, "Bibind.CrashHost.dll") },
        };
        foreach (var (name, value) in installation.Settings)
        {
            start.Environment[name.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        start.Environment["Urls"] = address.OriginalString;
        start.Environment["BIBIND_KILL_AT"] = killAt;
        start.Environment["BIBIND_FAIL_AT"] = failAt;
        var host = new KillableHost(Process.Start(start)!, address);
        await Eventually.UntilAsync(
            async () => host._process.HasExited || await host.Api.IsReadyAsync(), TimeSpan.FromSeconds(60), "the host is ready");
        Assert.False(host._process.HasExited, host.Output());
        return host;
    }

    /// <summary>Waits until the host has killed itself.</summary>
    public async Task DiesAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"The host did not reach the boundary:\n{Output()}");
        }

        Assert.Equal(137, _process.ExitCode);
    }

    public string Output()
    {
        lock (_output)
        {
            return string.Join('\n', _output);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        Api.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is not null)
        {
            lock (_output)
            {
                _output.Add(line);
            }
        }
    }
}
