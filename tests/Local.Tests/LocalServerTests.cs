using Bibind.Testing;
using Npgsql;
using Xunit;

namespace Bibind.Local.Tests;

public sealed class LocalServerTests
{
    [Fact]
    public async Task The_control_plane_can_create_databases_for_the_application_but_is_no_superuser()
    {
        var server = await PostgresFixture.GetAsync();
        await LocalServer.PrepareAsync(server);
        await using var connection = new NpgsqlConnection(server.ConnectionString(LocalServer.ControlDatabase, LocalServer.ControlRole));
        await connection.OpenAsync();

        await using var command = new NpgsqlCommand(
            "SELECT rolsuper::text || ' ' || rolcreatedb::text || ' ' || pg_has_role('odoo', 'MEMBER')::text FROM pg_roles WHERE rolname = current_user", connection);

        Assert.Equal("false true true", await command.ExecuteScalarAsync());
    }
}
