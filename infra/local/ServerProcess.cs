using System.Diagnostics;
using System.Globalization;

namespace Bibind.Local;

/// <summary>A server to run.</summary>
internal sealed record ServerStart
{
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>What it writes is appended here.</summary>
    public required string LogFile { get; init; }

    /// <summary>The signal that makes it stop, such as <c>TERM</c>.</summary>
    public required string StopSignal { get; init; }

    /// <summary>How long a stop may take.</summary>
    public required TimeSpan StopLimit { get; init; }

    public string WorkingFolder { get; init; } = "/";

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Up to two folders to delete once it has ended.</summary>
    public IReadOnlyList<string> DeleteAfterwards { get; init; } = [];
}

/// <summary>A running server under its watchdog, which stops it when this process ends.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process watchdog;
    private readonly TimeSpan stopLimit;
    private readonly Task<string?> ended;
    private int isDisposed;

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

    /// <summary>Completes when the server has gone.</summary>
    public Task Ended => ended;

    public static async Task<ServerProcess> StartAsync(ServerStart server, CancellationToken cancellationToken)
    {
        var script = await EmbeddedText.ReadAsync("watchdog.sh", cancellationToken);

        // A session of its own: Ctrl-C in a terminal reaches us first, and we end things in their order.
        List<string> line = ChildProcess.Find("setsid") is { } setsid ? [setsid] : [];
        line.AddRange(["/bin/sh", "-c", script, "bibind-watchdog", server.LogFile, server.StopSignal]);
        line.AddRange([server.DeleteAfterwards.ElementAtOrDefault(0) ?? "", server.DeleteAfterwards.ElementAtOrDefault(1) ?? ""]);
        line.AddRange(server.Command);
        var start = new ProcessStartInfo(line[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = server.WorkingFolder,
        };
        foreach (var argument in line.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in server.Environment)
        {
            start.Environment[name] = value;
        }

        var watchdog = Process.Start(start)!;
        var first = await watchdog.StandardOutput.ReadLineAsync(cancellationToken);
        if (first?.Split(' ') is not ["started", var id])
        {
            watchdog.Dispose();
            throw new LocalServerException($"The watchdog of {server.Command[0]} did not start; see {server.LogFile}.");
        }

        return new ServerProcess(watchdog, int.Parse(id, CultureInfo.InvariantCulture), server.StopLimit);
    }

    /// <summary>Kills the server; what it leaves stays until this is disposed.</summary>
    public async Task KillAsync()
    {
        Kill();
        await ended;
    }

    /// <summary>Stops the server; kills it, by its process id, if it does not stop in time.</summary>
    public async ValueTask DisposeAsync()
    {
        // Its owner and the end of the process may both see to it.
        if (Interlocked.Exchange(ref isDisposed, 1) != 0)
        {
            return;
        }

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
