using System.Diagnostics;
using Bibind.Testing;
using Npgsql;
using Xunit;

namespace Bibind.Local.Tests;

public sealed class EmbeddedPostgresTests : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);
    private readonly string folder = PostgresFixture.NewFolder();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        if (File.Exists(Path.Combine(folder, "parent", "clone", "data", "place")))
        {
            Directory.Delete(File.ReadAllText(Path.Combine(folder, "parent", "clone", "data", "place")), recursive: true);
        }

        Directory.Delete(folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private EmbeddedPostgresOptions Options => new() { DataFolder = Path.Combine(folder, "postgres"), Fsync = false };

    [Fact]
    public async Task A_second_start_finds_the_data_and_the_port_of_the_first()
    {
        int port;
        await using (var first = await EmbeddedPostgres.StartAsync(Options))
        {
            port = first.Port;
            await RunAsync(first, "CREATE TABLE kept AS SELECT 42 AS answer");
        }

        await using var second = await EmbeddedPostgres.StartAsync(Options);

        Assert.Equal(port, second.Port);
        Assert.Equal(42, await RunAsync(second, "SELECT answer FROM kept"));
    }

    [Fact]
    public async Task Another_port_is_taken_when_the_kept_one_is_busy()
    {
        int port;
        await using (var first = await EmbeddedPostgres.StartAsync(Options))
        {
            port = first.Port;
        }

        using var squatter = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, port);
        squatter.Start();
        await using var second = await EmbeddedPostgres.StartAsync(Options);

        Assert.NotEqual(port, second.Port);
        Assert.Equal(1, await RunAsync(second, "SELECT 1"));
    }

    [Fact]
    public async Task A_stopped_server_is_gone()
    {
        var postgres = await EmbeddedPostgres.StartAsync(Options);
        await postgres.DisposeAsync();

        Assert.False(IsAlive(postgres.ProcessId));
        Assert.False(File.Exists(Path.Combine(postgres.Folder, "cluster", "postmaster.pid")));
    }

    [Fact]
    public async Task A_killed_server_starts_again_with_what_was_committed()
    {
        await using (var first = await EmbeddedPostgres.StartAsync(Options))
        {
            await RunAsync(first, "CREATE TABLE kept AS SELECT 42 AS answer");
            Kill(first.ProcessId);
        }

        await using var second = await EmbeddedPostgres.StartAsync(Options);

        Assert.Equal(42, await RunAsync(second, "SELECT answer FROM kept"));
    }

    [Fact]
    public async Task A_process_id_file_that_names_another_living_process_does_not_keep_the_server_from_starting()
    {
        string data;
        await using (var first = await EmbeddedPostgres.StartAsync(Options))
        {
            data = Path.Combine(first.Folder, "cluster");
        }

        // A container starts with low numbers every time: the number of a dead server is soon somebody else's.
        using var stranger = Process.Start(new ProcessStartInfo("sleep", "60"))!;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(data, "postmaster.pid"), $"{stranger.Id}\n{data}\n");
            await using var second = await EmbeddedPostgres.StartAsync(Options);

            Assert.Equal(1, await RunAsync(second, "SELECT 1"));
            Assert.False(stranger.HasExited);
        }
        finally
        {
            stranger.Kill();
        }
    }

    [Fact]
    public async Task Data_in_use_by_another_process_are_refused_with_the_reason()
    {
        await using var first = await EmbeddedPostgres.StartAsync(Options);

        var refusal = await Assert.ThrowsAsync<LocalServerException>(() => EmbeddedPostgres.StartAsync(Options));

        Assert.Contains("in use by another process", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(1, await RunAsync(first, "SELECT 1"));
    }

    [Fact]
    public async Task A_data_folder_below_a_closed_one_works_and_is_found_again()
    {
        var parent = Directory.CreateDirectory(Path.Combine(folder, "parent"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var options = new EmbeddedPostgresOptions { DataFolder = Path.Combine(parent.FullName, "clone", "data"), Fsync = false };
        string place;
        await using (var first = await EmbeddedPostgres.StartAsync(options))
        {
            place = first.Folder;
            await RunAsync(first, "CREATE TABLE kept AS SELECT 42 AS answer");
        }

        await using var second = await EmbeddedPostgres.StartAsync(options);

        Assert.Equal(place, second.Folder);
        Assert.Equal(42, await RunAsync(second, "SELECT answer FROM kept"));
    }

    [Fact]
    public async Task The_password_files_are_readable_by_their_owner_only()
    {
        await using var postgres = await EmbeddedPostgres.StartAsync(Options);

        Assert.All(
            Directory.GetFiles(postgres.Folder, "password.*"),
            file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
    }

    [Fact]
    public async Task A_wrong_password_is_refused()
    {
        await using var postgres = await EmbeddedPostgres.StartAsync(Options);
        var wrong = new NpgsqlConnectionStringBuilder(postgres.SuperuserConnectionString) { Password = "wrong", Pooling = false };
        await using var connection = new NpgsqlConnection(wrong.ConnectionString);

        var refusal = await Assert.ThrowsAsync<PostgresException>(() => connection.OpenAsync());

        Assert.Equal(PostgresErrorCodes.InvalidPassword, refusal.SqlState);
    }

    [Fact]
    public async Task A_setting_that_names_a_folder_without_PostgreSQL_is_refused_by_name()
    {
        var refusal = await Assert.ThrowsAsync<LocalServerException>(
            () => EmbeddedPostgres.StartAsync(Options with { BinariesFolder = folder }));

        Assert.Contains(folder, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_server_and_its_throwaway_data_go_when_the_program_that_started_it_is_killed()
    {
        var program = typeof(EmbeddedPostgres).Assembly.Location;
        var data = Path.Combine(folder, "throwaway");
        using var starter = Process.Start(
            new ProcessStartInfo("dotnet", [program, "postgres", "--data", data, "--throwaway"]) { RedirectStandardOutput = true })!;
        var line = "";
        while (line is not null && !line.StartsWith("process ", StringComparison.Ordinal))
        {
            line = await starter.StandardOutput.ReadLineAsync();
        }

        var server = int.Parse(line!["process ".Length..], System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(IsAlive(server));
        starter.Kill();

        await Eventually.UntilAsync(() => !IsAlive(server), Soon, "the server has ended");
        await Eventually.UntilAsync(() => !Directory.Exists(data), Soon, "its data are deleted");
    }

    private static async Task<object?> RunAsync(EmbeddedPostgres postgres, string sql)
    {
        await using var connection = new NpgsqlConnection(Sql.Unpooled(postgres.SuperuserConnectionString));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    private static bool IsAlive(int id) =>
        Process.GetProcesses().Any(process => process.Id == id);

    private static void Kill(int id)
    {
        using var process = Process.GetProcessById(id);
        process.Kill();
    }
}
