using Bibind.Testing;
using Npgsql;
using Xunit;

namespace Bibind.Local.Tests;

public sealed class LocalServerTests
{
    [Theory]
    [InlineData(LocalServer.MaintenanceRole, "false true true")]
    [InlineData(LocalServer.ControlRole, "false false false")]
    public async Task Each_role_has_what_it_needs_and_no_more(string role, string may)
    {
        var server = await PostgresFixture.GetAsync();
        await LocalServer.PrepareAsync(server);

        Assert.Equal(may, await AskAsync(
            server, "postgres", "SELECT rolsuper::text || ' ' || rolcreatedb::text || ' ' || pg_has_role('odoo', 'MEMBER')::text FROM pg_roles WHERE rolname = current_user", role));
    }

    [Theory]
    [InlineData(LocalServer.MaintenanceRole)]
    [InlineData(LocalServer.ApplicationRole)]
    public async Task Nobody_but_the_control_role_enters_the_control_database(string role)
    {
        var server = await PostgresFixture.GetAsync();

        var refused = await Assert.ThrowsAsync<PostgresException>(() => AskAsync(server, LocalServer.ControlDatabase, "SELECT 1", role));

        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
        Assert.Equal(1, await AskAsync(server, LocalServer.ControlDatabase, "SELECT 1", LocalServer.ControlRole));
    }

    [Fact]
    public async Task A_data_folder_of_before_gets_its_roles_and_owners_at_the_next_start()
    {
        await using var server = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions { DataFolder = PostgresFixture.NewClusterFolder(), Fsync = false, DeleteOnStop = true });
        foreach (var statement in new[]
        {
            "CREATE ROLE odoo LOGIN CREATEDB", "CREATE ROLE bibind LOGIN CREATEDB IN ROLE odoo", "CREATE DATABASE bibind_control OWNER bibind",
            "CREATE DATABASE template_blank OWNER odoo", "ALTER DATABASE template_blank IS_TEMPLATE true ALLOW_CONNECTIONS false",
            "CREATE DATABASE acme OWNER odoo", "CREATE DATABASE \"bibind-new-7-late\" OWNER bibind IS_TEMPLATE true",
        })
        {
            await using var connection = new NpgsqlConnection(Sql.Unpooled(server.SuperuserConnectionString));
            await connection.OpenAsync();
            await Sql.RunAsync(connection, statement, CancellationToken.None);
        }

        await LocalServer.PrepareAsync(server);
        await LocalServer.PrepareAsync(server);

        Assert.Equal(
            "acme odoo, bibind-new-7-late bibind_maintenance, bibind_control bibind, template_blank bibind_maintenance",
            await AskAsync(
                server, "postgres",
                """
                SELECT string_agg(datname || ' ' || pg_get_userbyid(datdba), ', ' ORDER BY datname COLLATE "C") FROM pg_database
                WHERE datname NOT IN ('postgres', 'template0', 'template1')
                """));
        Assert.Equal(false, await AskAsync(server, "postgres", "SELECT pg_has_role('bibind', 'odoo', 'MEMBER')"));
        Assert.Equal(false, await AskAsync(server, "postgres", "SELECT has_database_privilege('odoo', 'bibind_control', 'CONNECT')"));
    }

    private static async Task<object?> AskAsync(EmbeddedPostgres server, string database, string query, string? role = null)
    {
        await using var connection = new NpgsqlConnection(Sql.Unpooled(server.ConnectionString(database, role)));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(query, connection);
        return await command.ExecuteScalarAsync();
    }
}
