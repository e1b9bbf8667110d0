using Bibind.ControlPlane.Registration;
using Bibind.ControlPlane.Schema;
using Bibind.ControlPlane.Servers;
using Bibind.ControlPlane.Templates;
using Bibind.Functions.Commands;
using Bibind.Functions.Servers;
using Bibind.Functions.Tests.Hosting;
using Bibind.Local;
using Bibind.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace Bibind.Functions.Tests.Roles;

/// <summary>An installation of before, where one role owned the control database, the templates and everything between.</summary>
public sealed class RolesCommandTests : IAsyncLifetime
{
    private EmbeddedPostgres _postgres = null!;
    private ServiceProvider _services = null!;
    private IConfiguration _configuration = null!;

    private ServerStore Servers => _services.GetRequiredService<ServerStore>();

    public async ValueTask InitializeAsync()
    {
        _postgres = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions { DataFolder = PostgresFixture.NewClusterFolder(), Fsync = false, DeleteOnStop = true });
        await RunAsync($"create role odoo login createdb password '{_postgres.PasswordOf("odoo")}'");
        await RunAsync($"create role bibind login createdb password '{_postgres.PasswordOf("bibind")}' in role odoo");
        foreach (var database in new[] { "bibind_control owner bibind", "template_blank owner odoo", "acme owner odoo", "\"bibind-new-9-late\" owner bibind is_template true" })
        {
            await RunAsync($"create database {database}");
        }

        await RunAsync("alter database template_blank is_template true allow_connections false");
        await RunAsync("grant connect on database acme to bibind");
        _configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ControlDatabase"] = _postgres.ConnectionString("bibind_control", "bibind"),
            ["Secrets:MasterKey"] = ApiHost.MasterKey,
            ["Platform:Domain"] = "example.test",
            ["Roles:Administrator"] = $"Username=postgres;Password={_postgres.PasswordOf("postgres")}",
            ["Roles:ApplicationPassword"] = _postgres.PasswordOf("odoo"),
        }).Build();
        _services = new ServiceCollection().AddLogging().AddSingleton(_configuration)
            .AddSingleton(_ => ControlPlaneServices.CreateDataSource(_configuration["ControlDatabase"]!))
            .AddControlPlane(_configuration).BuildServiceProvider();
        await _services.GetRequiredService<ControlDatabaseMigrator>().ApplyAsync(CancellationToken.None);
        await Servers.CreateAsync(
            new NewServer
            {
                Code = "old",
                Name = "Old",
                Url = "http://127.0.0.1:8069",
                DatabaseHost = "127.0.0.1",
                DatabasePort = _postgres.Port,
                DatabaseUser = "bibind",
                DatabasePassword = _postgres.PasswordOf("bibind"),
                ApplicationPassword = "not known then",
            },
            "test", CancellationToken.None);
        await Servers.ActivateAsync("old", "test", "first use", CancellationToken.None);
        await _services.GetRequiredService<TemplateStore>().AttachAsync(
            new NewTemplate { Code = "blank", Server = "old", Database = "template_blank", RequestedBy = "test" }, new FoundTemplate("hash-1", 44_000_000, null, null), CancellationToken.None);
        await using var forget = _services.GetRequiredService<NpgsqlDataSource>().CreateCommand("update control.servers set application_password_secret = null");
        await forget.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await _postgres.DisposeAsync();
    }

    [Fact]
    public async Task The_plan_says_what_and_why_and_changes_nothing()
    {
        var (exit, said) = await RolesAsync("plan");

        Assert.Equal(0, exit);
        Assert.All(
            [
                "CREATE ROLE \"bibind_maintenance\"", "GRANT \"odoo\" TO \"bibind_maintenance\"", "REVOKE ALL ON DATABASE \"bibind_control\" FROM PUBLIC",
                "REVOKE \"odoo\" FROM \"bibind\"", "ALTER DATABASE \"template_blank\" OWNER TO \"bibind_maintenance\"",
                "ALTER DATABASE \"bibind-new-9-late\" OWNER TO \"bibind_maintenance\"", "ALTER ROLE \"bibind\" NOCREATEDB", "-- What is planted in a template",
                "Nothing was changed",
            ],
            line => Assert.Contains(line, said, StringComparison.Ordinal));
        Assert.DoesNotContain(_postgres.PasswordOf("odoo"), said, StringComparison.Ordinal);
        Assert.Equal(0L, await AskAsync("select count(*) from pg_roles where rolname = 'bibind_maintenance'"));
    }

    [Fact]
    public async Task Applied_the_server_passes_the_test_that_it_failed_and_a_second_time_does_nothing()
    {
        Assert.False((await CheckAsync()).Ok);

        var (exit, said) = await RolesAsync("apply");
        Assert.True(exit == 0, said);

        var check = await CheckAsync();
        Assert.True(check.Ok, check.Message);
        var (again, nothing) = await RolesAsync("apply");
        Assert.Equal((0, "Server 'old': nothing to do."), (again, nothing.Trim()));
        Assert.Equal("bibind_maintenance", (await Servers.FindAsync("old", CancellationToken.None))!.DbUser);

        // The new maintenance role makes a tenant's database from the template, and hands it over.
        var server = await _services.GetRequiredService<IServerDirectory>().GetConnectionAsync(1, CancellationToken.None);
        await using var maintenance = new NpgsqlConnection(MaintenanceConnection.Describe(server));
        await maintenance.OpenAsync();
        foreach (var sql in new[] { "create database globex template template_blank", "alter database globex owner to odoo", "drop database globex" })
        {
            await using var command = new NpgsqlCommand(sql, maintenance);
            await command.ExecuteNonQueryAsync();
        }
    }

    [Fact]
    public async Task A_password_that_is_not_the_applications_is_set_and_said()
    {
        _configuration["Roles:ApplicationPassword"] = "a new one for odoo";

        var (_, said) = await RolesAsync("plan");

        Assert.Contains("ALTER ROLE \"odoo\" PASSWORD '…'", said, StringComparison.Ordinal);
        Assert.DoesNotContain("a new one for odoo", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Roles:Administrator", "Roles__Administrator is missing")]
    [InlineData("Roles:ApplicationPassword", "Roles__ApplicationPassword is missing")]
    public async Task What_is_missing_is_named(string setting, string words)
    {
        _configuration[setting] = null;

        var (exit, said) = await RolesAsync("plan");

        Assert.Equal(1, exit);
        Assert.Contains(words, said, StringComparison.Ordinal);
    }

    private async Task<CheckResult> CheckAsync()
    {
        var server = await _services.GetRequiredService<IServerDirectory>().GetConnectionAsync(1, CancellationToken.None);
        return await new DatabaseProbe(_services.GetRequiredService<NpgsqlDataSource>()).CheckAsync(server, ["template_blank"], CancellationToken.None);
    }

    private async Task<(int Exit, string Said)> RolesAsync(params string[] arguments)
    {
        await using var said = new StringWriter();
        var exit = await HostCommands.RunAsync(RolesCommand.Define(() => _configuration), arguments, said, said, CancellationToken.None);
        return (exit, said.ToString());
    }

    private async Task RunAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Sql.Unpooled(_postgres.SuperuserConnectionString));
        await connection.OpenAsync();
        await Sql.RunAsync(connection, sql, CancellationToken.None);
    }

    private async Task<object?> AskAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Sql.Unpooled(_postgres.SuperuserConnectionString));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
