using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Bibind.Local.Demo;

/// <summary>The control plane's host, run as a process of ours.</summary>
internal sealed class HostProcess : IAsyncDisposable
{
    private const int LinesOfLog = 20;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);
    private readonly ServerProcess process;
    private readonly string logFile;
    private readonly long logStart;

    private HostProcess(ServerProcess process, string logFile, long logStart)
    {
        this.process = process;
        this.logFile = logFile;
        this.logStart = logStart;
    }

    /// <summary>Completes when the host ends.</summary>
    public Task Ended => process.Ended;

    public string LogFile => logFile;

    /// <summary>Starts the host on <paramref name="address"/> and waits until it is ready.</summary>
    /// <exception cref="LocalServerException">The port is busy, or the host ended or was not ready in time.</exception>
    public static async Task<HostProcess> StartAsync(
        Installation installation, Uri address, ControlPlaneClient client, CancellationToken cancellationToken)
    {
        RefuseBusyPort(address, installation.Settings.Path);
        var program = Path.Combine(installation.Place.Root, "functions", "bin", "Release", "net10.0", "Bibind.Functions.dll");
        if (!File.Exists(program))
        {
            throw new LocalServerException($"{program} is missing: build it with 'dotnet build -c Release functions', or start with ./run.");
        }

        var logFile = Path.Combine(installation.Place.Data, "host.log");
        var logStart = File.Exists(logFile) ? new FileInfo(logFile).Length : 0;
        var start = new ServerStart
        {
            Command = [DotNet(), program],
            LogFile = logFile,
            StopSignal = "TERM",
            StopLimit = StopLimit,
            WorkingFolder = installation.Place.Folder,
            Environment = EnvironmentOf(installation, address),
        };
        var host = new HostProcess(await ServerProcess.StartAsync(start, cancellationToken), logFile, logStart);
        try
        {
            await host.WaitUntilReadyAsync(client, cancellationToken);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => process.DisposeAsync();

    /// <summary>What the host wrote last, for an error message.</summary>
    public string LastLines()
    {
        using var stream = new FileStream(logFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        stream.Seek(logStart, SeekOrigin.Begin);
        using var reader = new StreamReader(stream);
        return string.Join('\n', reader.ReadToEnd().TrimEnd().Split('\n').TakeLast(LinesOfLog));
    }

    private async Task WaitUntilReadyAsync(ControlPlaneClient client, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(Interval);
        while (!await client.IsReadyAsync(cancellationToken))
        {
            if (process.HasEnded)
            {
                throw new LocalServerException($"The host ended before it was ready. The end of {logFile}:\n{LastLines()}");
            }

            if (watch.Elapsed > StartLimit)
            {
                throw new LocalServerException($"The host was not ready within {StartLimit.TotalSeconds:0} s. The end of {logFile}:\n{LastLines()}");
            }

            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    private static Dictionary<string, string> EnvironmentOf(Installation installation, Uri address)
    {
        var environment = new Dictionary<string, string> { ["Urls"] = address.GetLeftPart(UriPartial.Authority) };
        if (address.IsLoopback && installation.Settings.Find("Console__LocalSignIn") is null && string.IsNullOrEmpty(installation.Settings.Find("Console__PublicUrl")))
        {
            // Whoever can read the settings file has the operator's token anyway.
            environment["Console__LocalSignIn"] = "true";
        }

        if (installation.Postgres.Binaries.PgDump is not { } pgDump)
        {
            environment["Backups__Enabled"] = "false";
        }
        else if (installation.Settings.Find("Backups__PgDump") is null)
        {
            environment["Backups__PgDump"] = pgDump;
        }

        return environment;
    }

    private static void RefuseBusyPort(Uri address, string settingsFile)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, address.Port);
            listener.Start();
        }
        catch (SocketException busy)
        {
            var port = address.Port.ToString(CultureInfo.InvariantCulture);
            throw new LocalServerException(
                $"Port {port} is in use by another program. End that one, start with --port N, or change Urls in {settingsFile}.", busy);
        }
    }

    /// <summary>The runtime that runs us, so that a private one serves both.</summary>
    private static string DotNet() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath! : "dotnet";
}
