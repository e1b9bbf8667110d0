using System.Globalization;
using System.Security.Cryptography;

namespace Bibind.Local.RealServers;

/// <summary>A real PgBouncer before a cluster of ours, in session mode, on a free port of 127.0.0.1.</summary>
public sealed class PgBouncerServer : IAsyncDisposable
{
    /// <summary>Who may use its console.</summary>
    public const string AdminUser = "bibind_pooler";

    private readonly RunningServer _process;

    private PgBouncerServer(RunningServer process, int port, string databasesFile, string adminPassword)
    {
        _process = process;
        Port = port;
        DatabasesFile = databasesFile;
        AdminPassword = adminPassword;
    }

    public int Port { get; }

    /// <summary>The file that it includes, for the product to write.</summary>
    public string DatabasesFile { get; }

    public string AdminPassword { get; }

    public int ProcessId => _process.ProcessId;

    /// <param name="postgres">The cluster behind it.</param>
    /// <param name="clients">Roles that log in at the pooler, with the cluster's passwords: the application's.</param>
    /// <param name="databases">Databases that the first of these enters as itself, besides <c>postgres</c>: no tenant's.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="LocalServerException">The program is missing; names its package. Or it did not start; says why.</exception>
    public static async Task<PgBouncerServer> StartAsync(EmbeddedPostgres postgres, IReadOnlyList<string> clients, IReadOnlyList<string> databases, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(postgres);
        ArgumentNullException.ThrowIfNull(clients);
        ArgumentNullException.ThrowIfNull(databases);
        var program = ServerPrograms.Require("pgbouncer", "pgbouncer");
        var account = PostgresAccount.Current();
        var (folder, port, password) = (ServerFolder.New(), FreePorts.Next(), RandomNumberGenerator.GetHexString(32, lowercase: true));
        var files = Path.Combine(folder, "databases");
        Directory.CreateDirectory(files);
        var tenants = Path.Combine(files, "databases.ini");
        await File.WriteAllTextAsync(tenants, "[databases]\n", cancellationToken);
        await File.WriteAllLinesAsync(
            Path.Combine(folder, "users.txt"),
            [$"\"{AdminUser}\" \"{password}\"", .. clients.Select(c => $"\"{c}\" \"{postgres.PasswordOf(c)}\"")],
            cancellationToken);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "pgbouncer.ini"), Text(folder, tenants, port, postgres, clients[0], ["postgres", .. databases]), cancellationToken);
        foreach (var file in new[] { tenants, Path.Combine(folder, "users.txt"), Path.Combine(folder, "pgbouncer.ini") })
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        await account.OwnAsync(folder, cancellationToken);
        var process = await RunningServer.StartAsync(
            "pgbouncer", folder, account.Command(program, Path.Combine(folder, "pgbouncer.ini")), deleteFolder: true, cancellationToken: cancellationToken);
        await process.ListensAsync(port, cancellationToken);
        return new PgBouncerServer(process, port, tenants, password);
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static string Line(string database, EmbeddedPostgres postgres, string role) => string.Create(
        CultureInfo.InvariantCulture, $"{database} = host=127.0.0.1 port={postgres.Port} dbname={database} user={role} password='{postgres.PasswordOf(role)}'");

    // The application asks "postgres" which databases it owns, and hears there of due jobs and messages: as itself.
    private static string Text(string folder, string tenants, int port, EmbeddedPostgres postgres, string application, IReadOnlyList<string> own) =>
        string.Create(CultureInfo.InvariantCulture, $"""
        [databases]
        {string.Join('\n', own.Select(name => Line(name, postgres, application)))}

        %include {tenants}

        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = {port}
        unix_socket_dir =
        auth_type = scram-sha-256
        auth_file = {folder}/users.txt
        admin_users = {AdminUser}
        pool_mode = session
        server_reset_query = DISCARD ALL
        server_idle_timeout = 60
        ignore_startup_parameters = extra_float_digits,options
        max_client_conn = 1000

        """);
}
