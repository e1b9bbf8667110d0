using Npgsql;

namespace Bibind.Local;

/// <summary>The roles and databases that the product expects on a PostgreSQL server of ours.</summary>
public static class LocalServer
{
    /// <summary>The role that the control plane connects as.</summary>
    public const string ControlRole = "bibind";

    /// <summary>The role that the application connects as and that owns live databases.</summary>
    public const string ApplicationRole = "odoo";

    public const string ControlDatabase = "bibind_control";

    /// <summary>Makes what is missing; a second run changes nothing but the passwords.</summary>
    public static async Task PrepareAsync(EmbeddedPostgres postgres, CancellationToken cancellationToken = default)
    {
        await using var connection = new NpgsqlConnection(Sql.Unpooled(postgres.SuperuserConnectionString));
        await connection.OpenAsync(cancellationToken);
        foreach (var role in new[] { ApplicationRole, ControlRole })
        {
            if (!await Sql.ExistsAsync(connection, "SELECT 1 FROM pg_roles WHERE rolname = $1", role, cancellationToken))
            {
                await Sql.RunAsync(connection, $"CREATE ROLE {Sql.Name(role)}", cancellationToken);
            }

            await Sql.RunAsync(
                connection, $"ALTER ROLE {Sql.Name(role)} LOGIN CREATEDB NOSUPERUSER PASSWORD {Sql.Literal(postgres.PasswordOf(role))}", cancellationToken);
        }

        await Sql.RunAsync(connection, $"GRANT {Sql.Name(ApplicationRole)} TO {Sql.Name(ControlRole)}", cancellationToken);
        if (!await Sql.ExistsAsync(connection, "SELECT 1 FROM pg_database WHERE datname = $1", ControlDatabase, cancellationToken))
        {
            await Sql.RunAsync(connection, $"CREATE DATABASE {Sql.Name(ControlDatabase)} OWNER {Sql.Name(ControlRole)}", cancellationToken);
        }
    }
}
