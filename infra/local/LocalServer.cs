using Npgsql;

namespace Bibind.Local;

/// <summary>The roles and databases that the product expects on a PostgreSQL server of ours.</summary>
public static class LocalServer
{
    /// <summary>The role that owns the control database and enters nothing else.</summary>
    public const string ControlRole = "bibind";

    /// <summary>The role that creates and drops databases, from <c>postgres</c> only, and owns templates.</summary>
    public const string MaintenanceRole = "bibind_maintenance";

    /// <summary>The role that the application connects as, that owns live databases and as which they are entered.</summary>
    public const string ApplicationRole = "odoo";

    public const string ControlDatabase = "bibind_control";

    private const string Modest = "LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS";

    // What a role that is only the control plane's owned on servers of before, when it was the maintenance role too.
    private const string HeldBackSql = """
        SELECT datname FROM pg_database
        WHERE datistemplate AND datname NOT IN ('template0', 'template1')
          AND (datdba = $1::regrole OR (datdba = $2::regrole AND NOT datallowconn))
        """;

    /// <summary>
    /// Makes what is missing; a second run changes nothing but the passwords. Templates, and databases that were held back from the
    /// application, go to the maintenance role from whoever had them.
    /// </summary>
    public static async Task PrepareAsync(EmbeddedPostgres postgres, CancellationToken cancellationToken = default)
    {
        await using var connection = new NpgsqlConnection(Sql.Unpooled(postgres.SuperuserConnectionString));
        await connection.OpenAsync(cancellationToken);
        await MakeRoleAsync(connection, postgres, ApplicationRole, "CREATEDB", cancellationToken);
        await MakeRoleAsync(connection, postgres, MaintenanceRole, "CREATEDB", cancellationToken);
        await MakeRoleAsync(connection, postgres, ControlRole, "NOCREATEDB", cancellationToken);
        await Sql.RunAsync(connection, $"REVOKE {Sql.Name(ApplicationRole)} FROM {Sql.Name(ControlRole)}", cancellationToken);
        await Sql.RunAsync(connection, $"GRANT {Sql.Name(ApplicationRole)} TO {Sql.Name(MaintenanceRole)}", cancellationToken);
        if (!await Sql.ExistsAsync(connection, "SELECT 1 FROM pg_database WHERE datname = $1", ControlDatabase, cancellationToken))
        {
            await Sql.RunAsync(connection, $"CREATE DATABASE {Sql.Name(ControlDatabase)} OWNER {Sql.Name(ControlRole)}", cancellationToken);
        }

        await CloseAsync(connection, ControlDatabase, cancellationToken);
        foreach (var database in await HeldBackAsync(connection, cancellationToken))
        {
            await GiveToMaintenanceAsync(connection, database, cancellationToken);
        }
    }

    /// <summary>Takes a database from everybody but its owner.</summary>
    public static Task CloseAsync(NpgsqlConnection superuser, string database, CancellationToken cancellationToken) =>
        Sql.RunAsync(superuser, $"REVOKE ALL ON DATABASE {Sql.Name(database)} FROM PUBLIC", cancellationToken);

    /// <summary>Takes a template from the application: it neither opens nor changes it, and cannot list it.</summary>
    public static async Task GiveToMaintenanceAsync(NpgsqlConnection superuser, string database, CancellationToken cancellationToken)
    {
        await Sql.RunAsync(superuser, $"ALTER DATABASE {Sql.Name(database)} OWNER TO {Sql.Name(MaintenanceRole)}", cancellationToken);
        await CloseAsync(superuser, database, cancellationToken);
    }

    private static async Task MakeRoleAsync(
        NpgsqlConnection connection, EmbeddedPostgres postgres, string role, string more, CancellationToken cancellationToken)
    {
        if (!await Sql.ExistsAsync(connection, "SELECT 1 FROM pg_roles WHERE rolname = $1", role, cancellationToken))
        {
            await Sql.RunAsync(connection, $"CREATE ROLE {Sql.Name(role)}", cancellationToken);
        }

        await Sql.RunAsync(
            connection, $"ALTER ROLE {Sql.Name(role)} {Modest} {more} PASSWORD {Sql.Literal(postgres.PasswordOf(role))}", cancellationToken);
    }

    private static async Task<List<string>> HeldBackAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(HeldBackSql, connection)
        {
            Parameters = { new() { Value = Sql.Name(ControlRole) }, new() { Value = Sql.Name(ApplicationRole) } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var databases = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            databases.Add(reader.GetString(0));
        }

        return databases;
    }
}
