using System.Diagnostics;
using Bibind.Local;
using Bibind.Testing;
using Npgsql;

namespace Bibind.Durable.Tests.Crashes;

/// <summary>A streaming standby of a private cluster, synchronous once it is there.</summary>
internal sealed class Standby : IAsyncDisposable
{
    private readonly string _folder;
    private readonly Process _server;
    private readonly string _primary;

    private Standby(string folder, Process server, string primary, int port)
    {
        (_folder, _server, _primary, Port) = (folder, server, primary, port);
    }

    public int Port { get; }

    /// <summary>Copies the primary, starts the copy, and waits until every commit waits for it.</summary>
    public static async Task<Standby> StartAsync(EmbeddedPostgres primary)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"bibind-standby-{Guid.NewGuid():n}");
        Directory.CreateDirectory(folder);
        var account = Environment.IsPrivilegedProcess ? await AccountAsync(folder) : [];
        var data = Path.Combine(folder, "data");
        await RunAsync(
            [.. account, Path.Combine(primary.Binaries.Folder, "pg_basebackup"), "--pgdata", data, "--write-recovery-conf", "--checkpoint=fast",
                "--host=127.0.0.1", $"--port={primary.Port}", $"--username={EmbeddedPostgres.Superuser}"],
            primary.PasswordOf(EmbeddedPostgres.Superuser));
        var port = FreePorts.Next();
        var server = Start(
            [.. account, primary.Binaries.Postgres, "-D", data, "-p", $"{port}", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
                // A standby refuses to be smaller than its primary.
                "-c", "max_connections=200"],
            null);
        var standby = new Standby(folder, server, primary.SuperuserConnectionString, port);
        try
        {
            await standby.FollowAsync();
            return standby;
        }
        catch
        {
            await standby.DisposeAsync();
            throw;
        }
    }

    private async Task FollowAsync()
    {
        await using var admin = NpgsqlDataSource.Create(_primary);
        await Eventually.TrueAsync(async () => await ScalarAsync(admin, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") is 1L, seconds: 60);
        await ScalarAsync(admin, "ALTER SYSTEM SET synchronous_standby_names = '*'");
        await ScalarAsync(admin, "SELECT pg_reload_conf()");
        await Eventually.TrueAsync(async () => await ScalarAsync(admin, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") is 1L);
    }

    /// <summary>Becomes the primary; it then waits for no other standby.</summary>
    public async Task PromoteAsync()
    {
        await using var admin = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(_primary) { Port = Port }.ConnectionString);
        await ScalarAsync(admin, "SELECT pg_promote()");
        await ScalarAsync(admin, "ALTER SYSTEM RESET synchronous_standby_names");
        await ScalarAsync(admin, "SELECT pg_reload_conf()");
    }

    public async ValueTask DisposeAsync()
    {
        // With setpriv the process is the server itself: it replaces itself.
        if (!_server.HasExited)
        {
            _server.Kill(entireProcessTree: true);
        }

        await _server.WaitForExitAsync();
        _server.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static async Task<string[]> AccountAsync(string folder)
    {
        var fields = File.ReadLines("/etc/passwd").Select(l => l.Split(':')).First(f => f[0] is "postgres" or "nobody");
        await RunAsync(["chown", $"{fields[2]}:{fields[3]}", folder], null);
        return ["setpriv", $"--reuid={fields[2]}", $"--regid={fields[3]}", "--clear-groups", "--"];
    }

    private static async Task RunAsync(string[] command, string? password)
    {
        using var process = Start(command, password);
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{command.FirstOrDefault(c => c.StartsWith('/')) ?? command[0]} ended with {process.ExitCode}");
    }

    private static Process Start(string[] command, string? password)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { WorkingDirectory = Path.GetTempPath() };
        if (password is not null)
        {
            start.Environment["PGPASSWORD"] = password;
        }

        return Process.Start(start)!;
    }

    private static async Task<object?> ScalarAsync(NpgsqlDataSource database, string sql)
    {
#pragma warning disable CA2100 // Constants of this class.
        await using var command = database.CreateCommand(sql);
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync();
    }
}
