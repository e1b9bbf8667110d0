using System.Net;
using System.Text.Json;
using Bibind.Functions.Health;
using Bibind.Functions.Tests.Hosting;
using Bibind.Local;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace Bibind.Functions.Tests.Roles;

/// <summary>Roles that have too much, or too little, are refused at the activation of a server and told by the health check.</summary>
public sealed class RoleCheckTests(ApiHost host) : IClassFixture<ApiHost>
{
    private static int s_servers;

    private readonly string _maintenance = $"maintenance_{Guid.NewGuid():n}"[..24];
    private readonly string _application = $"application_{Guid.NewGuid():n}"[..24];
    private readonly string _group = $"group_{Guid.NewGuid():n}"[..24];

    private string ControlDatabase => new NpgsqlConnectionStringBuilder(host.ControlDatabase).Database!;

    [Fact]
    public async Task Roles_as_they_should_be_pass()
    {
        await MakeRolesAsync();

        Assert.Null(await FaultsAsync());
    }

    [Theory]
    [InlineData("alter role {m} superuser", "'{m}' is a superuser: ALTER ROLE \"{m}\" NOSUPERUSER")]
    [InlineData("alter role {a} superuser", "'{a}' is a superuser: ALTER ROLE \"{a}\" NOSUPERUSER")]
    [InlineData("alter role {m} bypassrls", "ALTER ROLE \"{m}\" NOBYPASSRLS")]
    [InlineData("alter role {a} bypassrls", "ALTER ROLE \"{a}\" NOBYPASSRLS")]
    [InlineData("alter role {m} replication", "ALTER ROLE \"{m}\" NOREPLICATION")]
    [InlineData("alter role {a} replication", "ALTER ROLE \"{a}\" NOREPLICATION")]
    [InlineData("alter role {a} createrole", "ALTER ROLE \"{a}\" NOCREATEROLE")]
    [InlineData("alter role {m} nocreatedb", "ALTER ROLE \"{m}\" CREATEDB")]
    [InlineData("grant pg_execute_server_program to {a}", "REVOKE \"pg_execute_server_program\" FROM \"{a}\"")]
    [InlineData("grant pg_read_server_files to {m}", "REVOKE \"pg_read_server_files\" FROM \"{m}\"")]
    [InlineData("grant pg_write_server_files to {m}", "REVOKE \"pg_write_server_files\" FROM \"{m}\"")]
    [InlineData("grant pg_read_all_data to {m}", "REVOKE \"pg_read_all_data\" FROM \"{m}\"")]
    [InlineData("grant pg_write_all_data to {a}", "REVOKE \"pg_write_all_data\" FROM \"{a}\"")]
    [InlineData("grant pg_signal_backend to {a}", "REVOKE \"pg_signal_backend\" FROM \"{a}\"")]
    [InlineData("create role {g} superuser; grant {g} to {m}", "'{m}' is a member of '{g}', which is more than it needs: REVOKE \"{g}\" FROM \"{m}\"")]
    [InlineData("create role {g}; grant postgres to {g}; grant {g} to {a}", "'{a}' is a member of 'postgres' through '{g}'")]
    [InlineData("create role {g}; grant bibind to {g}; grant {g} to {m}", "'{m}' is a member of 'bibind', the control plane's role: REVOKE \"{g}\" FROM \"{m}\"")]
    [InlineData("grant bibind to {a}", "REVOKE \"bibind\" FROM \"{a}\"")]
    [InlineData("revoke {a} from {m}; grant {m} to {a}", "REVOKE \"{m}\" FROM \"{a}\"")]
    [InlineData("revoke {a} from {m}", "'{m}' may not act for the application's role: GRANT \"{a}\" TO \"{m}\"")]
    [InlineData("alter role {m} noinherit", "'{m}' may not act for the application's role")]
    [InlineData("grant connect on database {c} to public", "REVOKE CONNECT ON DATABASE \"{c}\" FROM PUBLIC")]
    [InlineData("grant connect on database {c} to {a}", "REVOKE CONNECT ON DATABASE \"{c}\" FROM \"{a}\"")]
    [InlineData("create role {g}; grant connect on database {c} to {g}; grant {g} to {m}", "'{m}' may connect to the control database")]
    [InlineData("alter role {a} password 'another'", "The password of '{a}' was refused")]
    public async Task A_role_with_too_much_or_too_little_is_refused_with_the_remedy(string change, string words)
    {
        await MakeRolesAsync();
        try
        {
            await host.Postgres.RunAsync(Fill(change));

            Assert.Contains(Fill(words), await FaultsAsync(), StringComparison.Ordinal);
        }
        finally
        {
            await CloseControlDatabaseAsync();
        }
    }

    [Fact]
    public async Task Every_fault_is_named_at_once()
    {
        await MakeRolesAsync();
        await host.Postgres.RunAsync(Fill("alter role {m} bypassrls nocreatedb; alter role {a} replication; grant pg_read_all_data to {a}"));

        var faults = await FaultsAsync();

        Assert.All(
            ["\"{m}\" NOBYPASSRLS", "\"{m}\" CREATEDB", "\"{a}\" NOREPLICATION", "\"pg_read_all_data\" FROM \"{a}\""],
            fault => Assert.Contains(Fill(fault), faults, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_control_planes_own_role_is_no_maintenance_role()
    {
        await MakeRolesAsync();

        var faults = await FaultsAsync(databaseUser: LocalServer.ControlRole);

        Assert.Contains($"'{LocalServer.ControlRole}' owns the control database", faults, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_role_for_both_is_refused_at_the_door()
    {
        using var answer = await CreateAsync($"same{Interlocked.Increment(ref s_servers)}", LocalServer.ApplicationRole, LocalServer.ApplicationRole);

        ProblemAssert.Names(await ProblemAssert.IsAsync(answer, HttpStatusCode.UnprocessableEntity, "invalid-command"), "databaseUser", "another role");
    }

    [Fact]
    public async Task What_has_become_too_wide_is_told_by_health_and_in_full_to_administrators()
    {
        var check = ActivatorUtilities.CreateInstance<ServerRolesCheck>(host.Services);
        await host.Postgres.RunAsync(Fill("grant connect on database {c} to public"));
        try
        {
            Assert.Matches(@"^PostgreSQL of (.+, )?local(, .+)? does not pass", await check.FindFaultAsync(CancellationToken.None));
            using var answer = await host.GetAsync("/api/servers/local/check", ApiHost.AdminToken);
            var database = (await ApiHost.JsonAsync(answer)).GetProperty("database");
            Assert.False(database.GetProperty("ok").GetBoolean());
            Assert.Contains("FROM PUBLIC", database.GetProperty("message").GetString(), StringComparison.Ordinal);
            using var ready = await host.GetAsync("/health/ready", token: null);
            Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        }
        finally
        {
            await CloseControlDatabaseAsync();
        }

        Assert.Null(await ActivatorUtilities.CreateInstance<ServerRolesCheck>(host.Services).FindFaultAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_template_that_others_can_open_is_told()
    {
        var check = ActivatorUtilities.CreateInstance<ServerRolesCheck>(host.Services);
        await host.ExecuteAsync("update control.templates set database = 'template_open' where code = 'blank'");
        await host.Postgres.RunAsync("create database template_open owner odoo");
        try
        {
            Assert.NotNull(await check.FindFaultAsync(CancellationToken.None));
        }
        finally
        {
            await host.ExecuteAsync($"update control.templates set database = '{PostgresServer.TemplateDatabase}' where code = 'blank'");
            await host.Postgres.RunAsync("drop database template_open");
        }
    }

    private async Task MakeRolesAsync()
    {
        foreach (var role in new[] { _application, _maintenance })
        {
            await host.Postgres.RunAsync($"create role {role} login createdb password 'of-{role}'");
        }

        await host.Postgres.RunAsync($"grant {_application} to {_maintenance}");
    }

    private Task CloseControlDatabaseAsync() => host.Postgres.RunAsync(Fill("revoke all on database {c} from public"));

    private string Fill(string text) => text
        .Replace("{m}", _maintenance, StringComparison.Ordinal).Replace("{a}", _application, StringComparison.Ordinal)
        .Replace("{g}", _group, StringComparison.Ordinal).Replace("{c}", ControlDatabase, StringComparison.Ordinal);

    private Task<HttpResponseMessage> CreateAsync(string code, string databaseUser, string applicationRole) => host.SendAsync(
        HttpMethod.Post, "/api/servers", ApiHost.AdminToken, JsonSerializer.Serialize(new
        {
            code,
            name = "A server",
            url = $"http://roles-{code}.example.org:8069",
            databaseHost = "127.0.0.1",
            databasePort = host.Postgres.Postgres.Port,
            databaseUser,
            databasePassword = databaseUser == _maintenance ? $"of-{_maintenance}" : host.Postgres.Postgres.PasswordOf(databaseUser),
            applicationRole,
            applicationPassword = $"of-{_application}",
        }));

    /// <summary>What the activation says of the database; null if it passes.</summary>
    private async Task<string?> FaultsAsync(string? databaseUser = null)
    {
        var code = $"roles{Interlocked.Increment(ref s_servers)}";
        using var created = await CreateAsync(code, databaseUser ?? _maintenance, _application);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        using var answer = await host.SendAsync(
            HttpMethod.Post, $"/api/servers/{code}/activate", ApiHost.AdminToken, """{"skipApplicationTest": true, "reason": "Only the roles matter."}""");
        if (answer.StatusCode == HttpStatusCode.OK)
        {
            return null;
        }

        var problem = await ProblemAssert.IsAsync(answer, HttpStatusCode.UnprocessableEntity, "connection-test-failed");
        return problem.GetProperty("checks").GetProperty("database").GetProperty("message").GetString();
    }
}
