using System.Security.Cryptography;
using Bibind.ControlPlane.Registration;
using Bibind.ControlPlane.Schema;
using Bibind.Functions.Commands;
using Bibind.Functions.Settings;
using Bibind.Functions.Startup;
using Bibind.Functions.Tests.Hosting;
using Dapper;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary><c>backup control</c>, <c>restore control</c>, <c>restore take-over</c> and <c>migrate</c>, as an operator uses them.</summary>
public sealed class ControlCommandTests(PostgresServer postgres) : IDisposable
{
    private readonly string _key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("bibind-control-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_lost_control_database_is_restored_with_its_orders_and_gives_no_id_twice()
    {
        var lost = await postgres.CreateControlDatabaseAsync();
        await using (var host = new ApiHost(postgres) { ControlDatabase = lost })
        {
            await host.InitializeAsync();
            await host.OrderTenantAsync("kept");
        }

        var file = Path.Combine(_folder.FullName, "control.dump");
        var (backedUp, saidOfBackup) = await RunAsync(lost, "backup", "control", file);
        var (again, saidOfSecond) = await RunAsync(lost, "backup", "control", file);
        var last = await ScalarAsync<long>(lost, "select max(id) from control.tenants");
        var found = await postgres.CreateControlDatabaseAsync();
        var (restored, said) = await RunAsync(found, "restore", "control", file);
        var (over, saidOfOver) = await RunAsync(found, "restore", "control", file);

        Assert.True((backedUp, restored) == (0, 0), saidOfBackup + said);
        Assert.Equal((1, 1), (again, over));
        Assert.Contains("never written over", saidOfSecond, StringComparison.Ordinal);
        Assert.Contains("nothing is restored over one", saidOfOver, StringComparison.Ordinal);
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.Empty(Directory.GetFiles(_folder.FullName, "*.part"));
        Assert.Equal(1, await ScalarAsync<long>(lost, "select count(*) from control.control_backups where completed_at is not null and bytes > 0"));
        Assert.Equal("kept", await ScalarAsync<string>(found, "select code from control.tenants"));
        Assert.Equal(
            await ScalarAsync<long>(lost, "select count(*) from durable.instances"), await ScalarAsync<long>(found, "select count(*) from durable.instances"));
        await using var next = new ApiHost(postgres) { ControlDatabase = found };
        await next.InitializeAsync();
        await next.OrderTenantAsync("later");
        Assert.True(await ScalarAsync<long>(found, "select max(id) from control.tenants") > last + 50_000);
    }

    [Fact]
    public async Task A_copy_is_not_served_until_it_has_taken_the_originals_place()
    {
        var original = await postgres.CreateControlDatabaseAsync();
        await using (var host = new ApiHost(postgres) { ControlDatabase = original })
        {
            await host.InitializeAsync();
        }

        var copy = await postgres.CopyControlDatabaseAsync(original);
        await using var refused = new ApiHost(postgres) { ControlDatabase = copy };

        var failure = await Assert.ThrowsAsync<StartException>(async () => await refused.InitializeAsync());
        var (exit, said) = await RunAsync(copy, "restore", "take-over");
        await using var served = new ApiHost(postgres) { ControlDatabase = copy };
        await served.InitializeAsync();

        Assert.Contains("is a copy", failure.Message, StringComparison.Ordinal);
        Assert.Contains("restore take-over", failure.Message, StringComparison.Ordinal);
        Assert.True(exit == 0, said);
        await using var originalHost = new ApiHost(postgres) { ControlDatabase = original };
        await originalHost.InitializeAsync();
    }

    [Fact]
    public async Task A_damaged_backup_restores_nothing()
    {
        var connection = await postgres.CreateControlDatabaseAsync();
        await MigrateAsync(connection);
        var file = Path.Combine(_folder.FullName, "control.dump");
        await RunAsync(connection, "backup", "control", file);
        var bytes = await File.ReadAllBytesAsync(file);
        await File.WriteAllBytesAsync(file, bytes[..(bytes.Length / 2)]);
        var empty = await postgres.CreateControlDatabaseAsync();

        var (exit, said) = await RunAsync(empty, "restore", "control", file);

        Assert.True(exit == 1, said);
        Assert.False(await ScalarAsync<bool>(empty, "select to_regnamespace('control') is not null or to_regnamespace('durable') is not null"));
    }

    [Fact]
    public async Task Migrations_are_planned_rehearsed_and_applied_and_want_a_backup_first()
    {
        var connection = await postgres.CreateControlDatabaseAsync();
        await MigrateAsync(connection, Migration.Embedded().Where(m => m.Version < 90));

        var (planned, plan) = await RunAsync(connection, "migrate", "plan", "--rehearse");
        var (without, refused) = await RunAsync(connection, "migrate", "apply");
        var (told, applied) = await RunAsync(connection, "migrate", "apply", "--without-backup");
        var (after, nothing) = await RunAsync(connection, "migrate", "plan");

        Assert.Equal((0, 1, 0, 0), (planned, without, told, after));
        Assert.Matches("0090_control_backups +[0-9]+ ms +expands: where the control database lives", plan);
        Assert.Contains("hosts of the version before work on beside it", plan, StringComparison.Ordinal);
        Assert.Contains("There is no backup of the control database. Take one first", refused, StringComparison.Ordinal);
        Assert.StartsWith("Applied: 0090_control_backups", applied, StringComparison.Ordinal);
        Assert.StartsWith("Nothing is missing.", nothing, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_that_may_not_migrate_says_what_is_missing()
    {
        var connection = await postgres.CreateControlDatabaseAsync();
        await using var host = new ApiHost(postgres) { ControlDatabase = connection, More = ["--Migrations:AtStart=false"] };

        var failure = await Assert.ThrowsAsync<StartException>(async () => await host.InitializeAsync());
        await RunAsync(connection, "migrate", "apply");
        await using var later = new ApiHost(postgres) { ControlDatabase = connection, More = ["--Migrations:AtStart=false"] };
        await later.InitializeAsync();

        Assert.Contains("migrate apply", failure.Message, StringComparison.Ordinal);
        Assert.Contains("0001_control", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("backup", "control")]
    [InlineData("restore", "control", "one", "two")]
    [InlineData("backup", "everything")]
    [InlineData("migrate", "back")]
    [InlineData("migrate", "apply", "--backup-younger-than", "soon")]
    public async Task Other_arguments_are_refused(params string[] arguments)
    {
        var (exit, _) = await RunAsync("Host=nowhere", arguments);

        Assert.Equal(SettingsException.ExitCode, exit);
    }

    [Fact]
    public async Task A_restore_names_the_file_that_is_not_there()
    {
        var (exit, said) = await RunAsync(await postgres.CreateControlDatabaseAsync(), "restore", "control", "/nowhere/control.dump");

        Assert.Equal(1, exit);
        Assert.Contains("There is no file '/nowhere/control.dump'.", said, StringComparison.Ordinal);
    }

    private async Task MigrateAsync(string connection, IEnumerable<Migration>? migrations = null)
    {
        await using var services = new ServiceCollection().AddLogging()
            .AddSingleton(_ => ControlPlaneServices.CreateDataSource(connection)).AddControlPlane(Configuration(connection)).BuildServiceProvider();
        await services.GetRequiredService<ControlDatabaseMigrator>().ApplyAsync([.. migrations ?? Migration.Embedded()], CancellationToken.None);
        await using var hub = new Durable.Postgres.PostgresTaskHub(services.GetRequiredService<NpgsqlDataSource>());
        await hub.InitializeAsync(CancellationToken.None);
    }

    private async Task<(int Exit, string Said)> RunAsync(string connection, params string[] arguments)
    {
        await using var output = new StringWriter();
        var command = arguments[0] switch
        {
            "backup" => ControlCommand.DefineBackup(() => Configuration(connection)),
            "restore" => ControlCommand.DefineRestore(() => throw new InvalidOperationException("No host is composed."), () => Configuration(connection)),
            _ => MigrateCommand.Define(() => Configuration(connection)),
        };
        var exit = await HostCommands.RunAsync(command, arguments[1..], output, output, CancellationToken.None);
        return (exit, output.ToString());
    }

    private static async Task<T?> ScalarAsync<T>(string connection, string sql)
    {
        await using var database = new NpgsqlConnection(connection);
        return await database.ExecuteScalarAsync<T>(sql);
    }

    private IConfiguration Configuration(string connection) => new ConfigurationBuilder().AddInMemoryCollection(
    [
        new("ControlDatabase", connection), new("Platform:Domain", "example.test"), new("Secrets:MasterKey", _key),
    ]).Build();
}
