using System.Diagnostics;
using Bibind.Local;
using Bibind.Testing;

namespace Bibind.EndToEnd.Tests;

/// <summary>The product's host as a process of its own, to be killed or put to sleep.</summary>
internal sealed class KillableHost : IAsyncDisposable
{
    // For what never comes; see Eventually.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

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
    /// <param name="killAt">The boundary at which it kills itself; see the classes of <c>CrashHost</c> that kill.</param>
    /// <param name="failAt">A step that fails for good.</param>
    /// <param name="stopAt">The places at which it falls asleep; see <c>StopSwitch</c>.</param>
    public static async Task<KillableHost> StartAsync(
        Installation installation, string? killAt = null, string? failAt = null, IReadOnlyList<string>? stopAt = null)
    {
        var host = Launch(installation, killAt, failAt, stopAt);
        await Eventually.UntilAsync(
            async () => host._process.HasExited || await host.Api.IsReadyAsync(), TimeSpan.FromSeconds(60), "the host is ready");
        Assert.False(host._process.HasExited, host.Output());
        return host;
    }

    /// <summary>Starts a host that may reach its boundary before it is ready.</summary>
    public static KillableHost Launch(Installation installation, string? killAt, string? failAt = null, IReadOnlyList<string>? stopAt = null)
    {
        var address = new Uri($"http://127.0.0.1:{FreePorts.Next()}");
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList = { AheadOfTime.HostProgram },
        };
        foreach (var (name, value) in installation.Settings)
        {
            start.Environment[name.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        // It lives for seconds: what is measured and compiled better for later would cost more than it brings.
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_TC_CallCounting"] = "0";

        // Killed, it could not take away its socket for debuggers.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment["Urls"] = address.OriginalString;
        start.Environment["BIBIND_KILL_AT"] = killAt;
        start.Environment["BIBIND_FAIL_AT"] = failAt;
        start.Environment["BIBIND_STOP_AT"] = stopAt is null ? null : string.Join(',', stopAt);
        return new KillableHost(Process.Start(start)!, address);
    }

    /// <summary>Waits until the host has killed itself.</summary>
    public async Task DiesAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
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

    /// <summary>Kills it where it is.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Waits until it has fallen asleep, and until its leases have run out.</summary>
    public async Task SleepsAsync(Installation installation)
    {
        // The state follows the program's name, which stands in brackets.
        var state = $"/proc/{_process.Id}/stat";
        await Eventually.UntilAsync(
            () => Task.FromResult(_process.HasExited || File.ReadAllText(state).Split(") ")[^1][0] == 'T'),
            TimeSpan.FromSeconds(60), "the host sleeps");
        Assert.False(_process.HasExited, Output());
        await Eventually.UntilAsync(
            async () => await installation.CountAsync("select count(*) from durable.activities where available_at > now()") == 0,
            TimeSpan.FromSeconds(60), "the leases have run out");
    }

    /// <summary>Tells it to end as hosts do, and wakes it up: it renews no lease any more, and ends what it was about to do.</summary>
    public async Task WakesAndEndsAsync()
    {
        using var kill = Process.Start("/bin/sh", ["-c", $"kill -TERM {_process.Id}; kill -CONT {_process.Id}"]);
        await kill.WaitForExitAsync();
        using var limit = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(limit.Token);
        Assert.True(_process.ExitCode == 0, Output());
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
