using System.Globalization;

namespace Bibind.Local;

/// <summary>The data of one cluster: made by initdb, found again at later starts.</summary>
internal sealed class ClusterData(ClusterFolder folder, PostgresAccount account, PostgresBinaries binaries)
{
    // PostgreSQL's own meanings of these signals: end sessions and write a checkpoint, or end without one.
    private const string Fast = "INT";
    private const string Immediately = "QUIT";

    public ClusterFolder Folder => folder;

    public PostgresBinaries Binaries => binaries;

    /// <summary>Makes the cluster unless it is there. An attempt that was interrupted is thrown away.</summary>
    public async Task CreateAsync(EmbeddedPostgresOptions options, CancellationToken cancellationToken)
    {
        if (Directory.Exists(folder.Data))
        {
            return;
        }

        // initdb runs as an account that may write only inside a folder of its own, and reads the password from a file.
        var nursery = Path.Combine(folder.Home, "cluster.new");
        if (Directory.Exists(nursery))
        {
            Directory.Delete(nursery, recursive: true);
        }

        Directory.CreateDirectory(nursery, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var passwordFile = Path.Combine(nursery, "password");
        ClusterFolder.WritePrivate(passwordFile, folder.PasswordOf(EmbeddedPostgres.Superuser));
        await account.OwnAsync(nursery, cancellationToken);
        var data = Path.Combine(nursery, "data");
        var command = account.Command(
            binaries.InitDb, "-D", data, "-U", EmbeddedPostgres.Superuser, "--auth=scram-sha-256", $"--pwfile={passwordFile}",
            "--encoding=UTF8", "--locale=C");
        await ChildProcess.MustRunAsync(options.Fsync ? command : [.. command, "--no-sync"], "make a PostgreSQL cluster", cancellationToken);
        Directory.Move(data, folder.Data);
        Directory.Delete(nursery, recursive: true);
    }

    /// <summary>Stops a server that still runs on this data, and forgets one that no longer does.</summary>
    public async Task StopLeftoverServerAsync(CancellationToken cancellationToken)
    {
        var pidFile = Path.Combine(folder.Data, "postmaster.pid");
        if (!File.Exists(pidFile))
        {
            return;
        }

        var firstLine = (await File.ReadAllLinesAsync(pidFile, cancellationToken)).FirstOrDefault();
        if (int.TryParse(firstLine, CultureInfo.InvariantCulture, out var id) && ServesThisData(id))
        {
            await ChildProcess.RunAsync(
                account.Command(binaries.PgCtl, "stop", "-D", folder.Data, "-m", "fast", "-w"), cancellationToken);
            if (ServesThisData(id))
            {
                throw new LocalServerException($"A PostgreSQL server (process {id}) still runs on {folder.Data} and does not stop: end that process first.");
            }
        }

        // The server would take any living process with that number, ours included, for itself and refuse to start.
        File.Delete(pidFile);
    }

    /// <summary>How the server is run: in the foreground, under its watchdog.</summary>
    public ServerStart ServerStart(int port, EmbeddedPostgresOptions options)
    {
        var onOff = options.Fsync ? "on" : "off";
        return new ServerStart
        {
            Command = account.Command(
                [
                    binaries.Postgres,
                    "-D", folder.Data,
                    "-p", port.ToString(CultureInfo.InvariantCulture),
                    "-c", "listen_addresses=127.0.0.1",
                    "-c", "unix_socket_directories=",
                    "-c", "password_encryption=scram-sha-256",
                    "-c", $"max_connections={options.MaxConnections}",
                    "-c", $"fsync={onOff}",
                    "-c", $"full_page_writes={onOff}",
                    .. options.Settings.SelectMany(setting => new[] { "-c", $"{setting.Key}={setting.Value}" }),
                ]),
            LogFile = folder.LogFile,
            StopSignal = options.DeleteOnStop ? Immediately : Fast,
            StopLimit = options.StopLimit,
            DeleteAfterwards = options.DeleteOnStop ? folder.All : [],
            Environment = new Dictionary<string, string> { ["LC_ALL"] = "C", ["TZ"] = "UTC" },
        };
    }

    private bool ServesThisData(int processId)
    {
        // A server's current folder is its data folder. Without /proc, believe that the number is still the server's.
        var process = new DirectoryInfo($"/proc/{processId}");
        if (!Directory.Exists("/proc/self"))
        {
            return true;
        }

        return process.Exists && Directory.ResolveLinkTarget(Path.Combine(process.FullName, "cwd"), returnFinalTarget: false)?.FullName is { } current
            && current == folder.Data;
    }
}
