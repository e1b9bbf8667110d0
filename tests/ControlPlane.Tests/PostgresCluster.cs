using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Bibind.ControlPlane.Schema;
using Bibind.ControlPlane.Tests;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

[assembly: AssemblyFixture(typeof(PostgresCluster))]

namespace Bibind.ControlPlane.Tests;

/// <summary>A private PostgreSQL cluster for this run, with one migrated database to copy.</summary>
public sealed class PostgresCluster : IAsyncLifetime
{
    private const string Binaries = "/usr/lib/postgresql/15/bin";
    private const string Migrated = "migrated";
    private readonly string _folder = Directory.CreateTempSubdirectory("bibind-control-").FullName;
    private readonly int _port = FreePort();
    private int _databases;

    public async ValueTask InitializeAsync()
    {
        // PostgreSQL refuses to run as root.
        if (Environment.UserName == "root")
        {
            await RunAsync("chown", "nobody", _folder);
        }

        var data = Path.Combine(_folder, "data");
        await RunAsServerUserAsync($"{Binaries}/initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N");
        await RunAsServerUserAsync(
            $"{Binaries}/pg_ctl", "-D", data, "-w", "-s", "-l", Path.Combine(_folder, "log"), "-o",
            $"-p {_port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={_folder} -c fsync=off -c max_connections=300", "start");
        await ExecuteAsync($"create database {Migrated}");
        await using var database = NpgsqlDataSource.Create(ConnectionString(Migrated) + ";Pooling=false");
        await new ControlDatabaseMigrator(database, TimeProvider.System, NullLogger<ControlDatabaseMigrator>.Instance).ApplyAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await RunAsServerUserAsync($"{Binaries}/pg_ctl", "-D", Path.Combine(_folder, "data"), "-m", "immediate", "-w", "-s", "stop");
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>An empty database.</summary>
    public Task<NpgsqlDataSource> NewDatabaseAsync() => NewDatabaseAsync("template1");

    /// <summary>A control plane on a database of its own, migrated.</summary>
    public async Task<TestPlane> NewPlaneAsync(params (string Key, string Value)[] settings) =>
        new(await NewDatabaseAsync(Migrated), settings);

    private async Task<NpgsqlDataSource> NewDatabaseAsync(string template)
    {
        var name = $"t{Interlocked.Increment(ref _databases)}";
        await ExecuteAsync($"create database {name} template {template}");
        return NpgsqlDataSource.Create(ConnectionString(name));
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var database = NpgsqlDataSource.Create(ConnectionString("postgres") + ";Pooling=false");
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private string ConnectionString(string name) => $"Host=127.0.0.1;Port={_port};Username=postgres;Database={name};Maximum Pool Size=40";

    private static Task RunAsServerUserAsync(params string[] command) =>
        Environment.UserName == "root" ? RunAsync("setpriv", ["--reuid=nobody", "--regid=nogroup", "--clear-groups", .. command]) : RunAsync(command[0], command[1..]);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        // Not redirected: the server would inherit the pipes and keep them open.
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = Path.GetTempPath() })!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} ended with {process.ExitCode}.");
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
