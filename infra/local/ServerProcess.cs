using System.Diagnostics;
using System.Globalization;

namespace Bibind.Local;

/// <summary>A running server under its watchdog, which stops it when this process ends.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process watchdog;
    private readonly TimeSpan stopLimit;
    private readonly Task<string?> ended;

    private ServerProcess(Process watchdog, int serverId, TimeSpan stopLimit)
    {
        this.watchdog = watchdog;
        this.stopLimit = stopLimit;
        ServerId = serverId;
        ended = watchdog.StandardOutput.ReadLineAsync();
    }

    /// <summary>The server's own process id.</summary>
    public int ServerId { get; }

    /// <summary>True as soon as the server has gone.</summary>
    public bool HasEnded => ended.IsCompleted;

    /// <param name="command">The server's command line.</param>
    /// <param name="logFile">What it writes is appended here.</param>
    /// <param name="deleteAfterwards">Up to two folders to delete once it has ended; the server is then stopped without a checkpoint.</param>
    /// <param name="stopLimit">How long a clean stop may take.</param>
    public static async Task<ServerProcess> StartAsync(
        IReadOnlyList<string> command, string logFile, IReadOnlyList<string> deleteAfterwards, TimeSpan stopLimit, CancellationToken cancellationToken)
    {
        var script = await EmbeddedText.ReadAsync("postgres-watchdog.sh", cancellationToken);

        // A session of its own: Ctrl-C in a terminal reaches us first, and we end things in their order.
        List<string> line = ChildProcess.Find("setsid") is { } setsid ? [setsid] : [];
        line.AddRange(["/bin/sh", "-c", script, "bibind-postgres", logFile, deleteAfterwards.Count == 0 ? "INT" : "QUIT"]);
        line.AddRange([deleteAfterwards.ElementAtOrDefault(0) ?? "", deleteAfterwards.ElementAtOrDefault(1) ?? ""]);
        line.AddRange(command);
        var start = new ProcessStartInfo(line[0]) { RedirectStandardInput = true, RedirectStandardOutput = true, WorkingDirectory = "/" };
        foreach (var argument in line.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["LC_ALL"] = "C";
        start.Environment["TZ"] = "UTC";
        var watchdog = Process.Start(start)!;
        var first = await watchdog.StandardOutput.ReadLineAsync(cancellationToken);
        if (first?.Split(' ') is not ["started", var id])
        {
            watchdog.Dispose();
            throw new LocalServerException($"PostgreSQL's watchdog did not start; see {logFile}.");
        }

        return new ServerProcess(watchdog, int.Parse(id, CultureInfo.InvariantCulture), stopLimit);
    }

    /// <summary>Stops the server; kills it, by its process id, if it does not stop in time.</summary>
    public async ValueTask DisposeAsync()
    {
        using (watchdog)
        {
            watchdog.StandardInput.Close();
            try
            {
                await watchdog.WaitForExitAsync().WaitAsync(stopLimit);
            }
            catch (TimeoutException)
            {
                Kill();
                await watchdog.WaitForExitAsync();
            }
        }
    }

    private void Kill()
    {
        try
        {
            using var server = Process.GetProcessById(ServerId);
            server.Kill();
        }
        catch (ArgumentException)
        {
            // It ended in the meantime, which is what was wanted.
        }
    }
}
