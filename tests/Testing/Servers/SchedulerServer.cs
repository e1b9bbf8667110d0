using System.Diagnostics;
using System.Globalization;
using Bibind.Local;

namespace Bibind.Testing.Servers;

/// <summary>
/// A host of Durable Task's gRPC protocol as a process of its own, with a task hub for each name: the framework's, in memory. The test
/// project refers to <c>tests/SchedulerHost</c>.
/// </summary>
public sealed class SchedulerServer : IAsyncDisposable
{
    private readonly Process _process;

    private SchedulerServer(Process process, Uri address) => (_process, Address) = (process, address);

    /// <summary>Where it listens, by HTTP/2 in clear text.</summary>
    public Uri Address { get; }

    /// <summary>Starts it and waits until it listens.</summary>
    /// <param name="dropAfter">A worker's stream ends after so many items; 0 for never.</param>
    /// <param name="duplicateEvery">Every so manieth item is delivered twice; 0 for never.</param>
    /// <param name="address">Where; on a free port unless given.</param>
    public static async Task<SchedulerServer> StartAsync(int dropAfter = 0, int duplicateEvery = 0, Uri? address = null)
    {
        address ??= new Uri($"http://127.0.0.1:{FreePorts.Next()}");
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            ArgumentList = { Path.Combine(AppContext.BaseDirectory, "Bibind.SchedulerHost.dll"), $"--urls={address.OriginalString}" },
        };
        // It takes as many work items at once as it has processors, and looks twice a second when it has no room.
        start.Environment["DOTNET_PROCESSOR_COUNT"] = "256";
        start.Environment["BIBIND_DROP_AFTER"] = dropAfter.ToString(CultureInfo.InvariantCulture);
        start.Environment["BIBIND_DUPLICATE_EVERY"] = duplicateEvery.ToString(CultureInfo.InvariantCulture);
        var server = new SchedulerServer(Process.Start(start)!, address);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await server._process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            if (line == "ready")
            {
                // What it says later is read by nobody, and must not fill the pipe.
                _ = server._process.StandardOutput.ReadToEndAsync(CancellationToken.None);
                return server;
            }
        }

        throw new InvalidOperationException("The scheduler ended before it listened.");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }
}
