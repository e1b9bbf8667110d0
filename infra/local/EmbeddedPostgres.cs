using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Bibind.Local;

/// <summary>
/// A private PostgreSQL cluster on 127.0.0.1, with its own data folder and passwords, for development and tests.
/// It ends with this process, however that ends.
/// </summary>
public sealed class EmbeddedPostgres : IAsyncDisposable
{
    /// <summary>The cluster's superuser.</summary>
    public const string Superuser = "postgres";

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(25);
    private readonly ClusterFolder folder;
    private readonly FileStream folderLock;
    private readonly ServerProcess server;
    private readonly TimeSpan commandTimeout;

    private EmbeddedPostgres(ClusterFolder folder, FileStream folderLock, ServerProcess server, PostgresBinaries binaries, int port, TimeSpan commandTimeout)
    {
        this.commandTimeout = commandTimeout;
        this.folder = folder;
        this.folderLock = folderLock;
        this.server = server;
        Binaries = binaries;
        Port = port;
    }

    public int Port { get; }

    public PostgresBinaries Binaries { get; }

    /// <summary>Process id of the server.</summary>
    public int ProcessId => server.ServerId;

    /// <summary>Completes when the server has gone, also by itself.</summary>
    public Task Ended => server.Ended;

    /// <summary>Where the cluster really is: not the data folder that was asked for if the server's account cannot enter that.</summary>
    public string Folder => folder.Home;

    public string LogFile => folder.LogFile;

    public string SuperuserConnectionString => ConnectionString(Superuser, Superuser);

    /// <summary>How a role reaches a database of this cluster, password included.</summary>
    public string ConnectionString(string database, string? user = null)
    {
        user ??= Superuser;
        return new NpgsqlConnectionStringBuilder
        {
            Host = IPAddress.Loopback.ToString(),
            Port = Port,
            Database = database,
            Username = user,
            Password = PasswordOf(user),
            CommandTimeout = (int)commandTimeout.TotalSeconds,
        }.ConnectionString;
    }

    /// <summary>The password kept for a role beside the cluster; made at random at its first use.</summary>
    public string PasswordOf(string role) => folder.PasswordOf(role);

    /// <summary>Starts the cluster in the data folder, which is made when missing.</summary>
    /// <exception cref="LocalServerException">PostgreSQL is missing, the folder is in use, or the server did not start; says why.</exception>
    public static async Task<EmbeddedPostgres> StartAsync(EmbeddedPostgresOptions options, CancellationToken cancellationToken = default)
    {
        var account = PostgresAccount.Current();
        var folder = await ClusterFolder.LocateAsync(options.DataFolder, account, cancellationToken);
        var folderLock = folder.Lock();
        try
        {
            var cluster = new ClusterData(folder, account, await ReachableAsync(PostgresBinaries.Find(options.BinariesFolder, options.ToolsFolder), folder, account, cancellationToken));
            await cluster.StopLeftoverServerAsync(cancellationToken);
            await cluster.CreateAsync(options, cancellationToken);
            var (server, port) = await StartServerAsync(cluster, options, cancellationToken);
            return new EmbeddedPostgres(folder, folderLock, server, cluster.Binaries, port, options.CommandTimeout);
        }
        catch
        {
            await folderLock.DisposeAsync();
            throw;
        }
    }

    /// <summary>What the server wrote last, for an error message.</summary>
    internal string LastLines() => string.Join('\n', ReadLog(LogFile, 0).Split('\n').TakeLast(10));

    /// <summary>Stops the server: cleanly, or at once if its data is not kept.</summary>
    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await folderLock.DisposeAsync();
    }

    private static async Task<(ServerProcess Server, int Port)> StartServerAsync(
        ClusterData cluster, EmbeddedPostgresOptions options, CancellationToken cancellationToken)
    {
        var folder = cluster.Folder;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.StartLimit);
        var port = options.Port ?? (folder.KeptPort is { } kept && IsFree(kept) ? kept : FreePorts.Next());
        try
        {
            while (true)
            {
                var logStart = File.Exists(folder.LogFile) ? new FileInfo(folder.LogFile).Length : 0;
                var server = await ServerProcess.StartAsync(cluster.ServerStart(port, options), limit.Token);
                if (await AnswersAsync(folder, server, port, limit.Token))
                {
                    folder.KeepPort(port);
                    return (server, port);
                }

                await server.DisposeAsync();
                var log = ReadLog(folder.LogFile, logStart);
                if (log.Contains("could not bind", StringComparison.Ordinal) && options.Port is null)
                {
                    // Somebody took the port between our look and the server's.
                    port = FreePorts.Next();
                }
                else if (log.Contains("shared memory block", StringComparison.Ordinal))
                {
                    // The sessions of a server that was killed need a moment to notice.
                    await Task.Delay(PollInterval, limit.Token);
                }
                else
                {
                    throw new LocalServerException($"PostgreSQL did not start in {folder.Home}. Its log says:\n{log}");
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new LocalServerException($"PostgreSQL did not answer on port {port} within {options.StartLimit.TotalSeconds:0} s; see {folder.LogFile}.");
        }
    }

    /// <summary>Waits until the server takes connections; false if it ended instead.</summary>
    private static async Task<bool> AnswersAsync(ClusterFolder folder, ServerProcess server, int port, CancellationToken cancellationToken)
    {
        var connectionString = new NpgsqlConnectionStringBuilder
        {
            Host = IPAddress.Loopback.ToString(),
            Port = port,
            Database = Superuser,
            Username = Superuser,
            Password = folder.PasswordOf(Superuser),
            Pooling = false,
        }.ConnectionString;
        try
        {
            while (!server.HasEnded)
            {
                try
                {
                    await using var connection = new NpgsqlConnection(connectionString);
                    await connection.OpenAsync(cancellationToken);
                    return true;
                }
                catch (NpgsqlException notYet) when (notYet is not PostgresException { SqlState: PostgresErrorCodes.InvalidPassword })
                {
                    await Task.Delay(PollInterval, cancellationToken);
                }
            }

            return false;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Programs in a folder closed to the server's account are copied to where it can run them.</summary>
    private static async Task<PostgresBinaries> ReachableAsync(
        PostgresBinaries binaries, ClusterFolder folder, PostgresAccount account, CancellationToken cancellationToken)
    {
        if (await account.CanReachAsync(binaries.Postgres, cancellationToken))
        {
            return binaries;
        }

        var copy = Path.Combine(folder.Home, "postgresql");
        if (!Directory.Exists(copy))
        {
            var unfinished = $"{copy}.new";
            var source = Path.GetDirectoryName(binaries.Folder)!;
            await ChildProcess.MustRunAsync(["rm", "-rf", "--", unfinished], "clear an unfinished copy of PostgreSQL", cancellationToken);
            await ChildProcess.MustRunAsync(["cp", "-RL", "--", source, unfinished], "copy PostgreSQL to where its account can run it", cancellationToken);
            Directory.Move(unfinished, copy);
        }

        return new PostgresBinaries(Path.Combine(copy, Path.GetFileName(binaries.Folder)));
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static string ReadLog(string file, long from)
    {
        if (!File.Exists(file))
        {
            return string.Create(CultureInfo.InvariantCulture, $"(there is no {file})");
        }

        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        stream.Seek(from, SeekOrigin.Begin);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Trim();
    }
}
