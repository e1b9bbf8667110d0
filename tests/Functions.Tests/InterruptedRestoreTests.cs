using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Recovery;
using Bibind.ControlPlane.Recovery;
using Bibind.Functions.Commands;
using Bibind.Functions.Startup;
using Bibind.Functions.Tests.Hosting;
using Dapper;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Npgsql;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary><c>restore control</c> dies at one of its steps: what it leaves is recognised, in the very same database, too.</summary>
public sealed class InterruptedRestoreTests(PostgresServer postgres) : IDisposable
{
    private const string Emptied = "drop schema control, durable cascade";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("bibind-restore-");

    private string Backup => Path.Combine(_folder.FullName, "control.dump");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Restored_and_not_taken_over_it_is_not_served()
    {
        var connection = await BackedUpAsync();
        var last = await ScalarAsync(connection, "select last_value from pg_sequences where schemaname = 'control' and sequencename like 'control_backups%'");
        await ExecuteAsync(connection, Emptied);

        await Assert.ThrowsAsync<DiedException>(() => Dump(connection, new DyingTime()).RestoreAsync(Backup, CancellationToken.None));
        var refused = await Assert.ThrowsAsync<StartException>(() => StartAsync(connection));
        var (migrated, saidOfMigration) = await RunAsync(connection, "migrate", "apply", "--without-backup");
        var (again, saidOfSecond) = await RunAsync(connection, "restore", "control", Backup);
        var (over, said) = await RunAsync(connection, "restore", "take-over");
        await StartAsync(connection);

        Assert.All([refused.Message, saidOfMigration, saidOfSecond], text => Assert.Contains("Run: Bibind.Functions restore take-over", text, StringComparison.Ordinal));
        Assert.Equal((1, 1), (migrated, again));
        Assert.True(over == 0, said);
        Assert.Equal(
            last + InstallationHome.IdsSkipped,
            await ScalarAsync(connection, "select last_value from pg_sequences where schemaname = 'control' and sequencename like 'control_backups%'"));
    }

    [Fact]
    public async Task Begun_and_nothing_restored_it_is_restored_again()
    {
        var connection = await BackedUpAsync();
        await ExecuteAsync(connection, Emptied);
        await using (var database = NpgsqlDataSource.Create(connection))
        {
            await new InstallationHome(database, TimeProvider.System).BeginRestoreAsync(CancellationToken.None);
        }

        var refused = await Assert.ThrowsAsync<StartException>(() => StartAsync(connection));
        var (early, saidEarly) = await RunAsync(connection, "restore", "take-over");
        var (again, said) = await RunAsync(connection, "restore", "control", Backup);
        await StartAsync(connection);

        Assert.Contains("restore control FILE again", refused.Message, StringComparison.Ordinal);
        Assert.Contains("There is no installation in this database", saidEarly, StringComparison.Ordinal);
        Assert.Equal(1, early);
        Assert.True(again == 0, said);
    }

    [Fact]
    public async Task A_copy_is_refused_before_it_is_migrated()
    {
        var original = await postgres.CreateControlDatabaseAsync();
        await StartAsync(original);
        var copy = await postgres.CopyControlDatabaseAsync(original);
        await ExecuteAsync(copy, "drop table control.host_limits; delete from control.schema_migrations where version >= 93");

        var refused = await Assert.ThrowsAsync<StartException>(() => StartAsync(copy));
        var (migrated, said) = await RunAsync(copy, "migrate", "apply", "--without-backup");

        Assert.Contains("is a copy", refused.Message, StringComparison.Ordinal);
        Assert.Contains("is a copy", said, StringComparison.Ordinal);
        Assert.Equal(1, migrated);
        Assert.Equal(0, await ScalarAsync(copy, "select count(*) from control.schema_migrations where version >= 93"));
    }

    /// <summary>A database that a host has worked on, and its backup.</summary>
    private async Task<string> BackedUpAsync()
    {
        var connection = await postgres.CreateControlDatabaseAsync();
        await StartAsync(connection);
        var (exit, said) = await RunAsync(connection, "backup", "control", Backup);
        Assert.True(exit == 0, said);
        return connection;
    }

    private async Task StartAsync(string connection)
    {
        await using var host = new ApiHost(postgres) { ControlDatabase = connection };
        await host.InitializeAsync();
    }

    private static ControlDump Dump(string connection, TimeProvider time) => new(connection, Options.Create(new BackupOptions()), time);

    private static async Task<(int Exit, string Said)> RunAsync(string connection, params string[] arguments)
    {
        IConfiguration Configuration() => new ConfigurationBuilder().AddInMemoryCollection(
        [
            new("ControlDatabase", connection), new("Platform:Domain", "example.test"), new("Secrets:MasterKey", ApiHost.MasterKey),
        ]).Build();
        await using var output = new StringWriter();
        var command = arguments[0] switch
        {
            "backup" => ControlCommand.DefineBackup(Configuration),
            "restore" => ControlCommand.DefineRestore(() => throw new InvalidOperationException("No host is composed."), Configuration),
            _ => MigrateCommand.Define(Configuration),
        };
        var exit = await HostCommands.RunAsync(command, arguments[1..], output, output, CancellationToken.None);
        return (exit, output.ToString());
    }

    private static async Task<long> ScalarAsync(string connection, string sql)
    {
        await using var database = new NpgsqlConnection(connection);
        return await database.ExecuteScalarAsync<long>(sql);
    }

    private static async Task ExecuteAsync(string connection, string sql)
    {
        await using var database = new NpgsqlConnection(connection);
        await database.ExecuteAsync(sql);
    }

    // The clock is first asked for when the backup is restored and takes the original's place.
    private sealed class DyingTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => throw new DiedException();
    }

    private sealed class DiedException : Exception;
}
