using Npgsql;

namespace Bibind.Local;

/// <summary>What a server of ours has besides <see cref="LocalServer"/> where each tenant has a role of its own.</summary>
public static class TenantIsolation
{
    /// <summary>Owns what is in templates, and no database.</summary>
    public const string TemplateRole = "bibind_template";

    /// <summary>What templates are made from: empty, and the templates' role may fill it.</summary>
    public const string EmptyDatabase = "bibind_empty";

    private static readonly string[] Extensions = ["pg_trgm", "unaccent"];

    // REASSIGN OWNED would take databases of the former owner along.
    private const string GiveSql = """
        DO $do$
        DECLARE statement text;
        BEGIN
          FOR statement IN
            SELECT format('ALTER %s %s OWNER TO %I', kind, name, current_setting('bibind.owner')) FROM (
              SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END AS kind,
                     c.oid::regclass::text AS name
              FROM pg_class c
              WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
                AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i', 'e'))
              UNION ALL
              SELECT 'ROUTINE', p.oid::regprocedure::text FROM pg_proc p
              WHERE p.pronamespace = 'public'::regnamespace
                AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e')
            ) owned
          LOOP
            EXECUTE statement;
          END LOOP;
          EXECUTE format('ALTER SCHEMA public OWNER TO %I', current_setting('bibind.owner'));
        END $do$
        """;

    /// <summary>Makes what is missing; a second run changes nothing but the password.</summary>
    /// <param name="postgres">The server.</param>
    /// <param name="maintenanceRole">The role that makes databases.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task PrepareAsync(EmbeddedPostgres postgres, string maintenanceRole, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(postgres);
        await using var server = await OpenAsync(postgres, EmbeddedPostgres.Superuser, cancellationToken);
        if (!await Sql.ExistsAsync(server, "SELECT 1 FROM pg_roles WHERE rolname = $1", TemplateRole, cancellationToken))
        {
            await Sql.RunAsync(server, $"CREATE ROLE {TemplateRole}", cancellationToken);
        }

        await Sql.RunAsync(
            server, $"ALTER ROLE {TemplateRole} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {Sql.Literal(postgres.PasswordOf(TemplateRole))}", cancellationToken);
        await Sql.RunAsync(
            server,
            $"""
            SELECT set_config('bibind.maintenance', {Sql.Literal(maintenanceRole)}, false), set_config('bibind.application', {Sql.Literal(LocalServer.ApplicationRole)}, false),
                   set_config('bibind.template', {Sql.Literal(TemplateRole)}, false)
            """,
            cancellationToken);
        await Sql.RunAsync(server, await EmbeddedText.ReadAsync("tenant-isolation.sql", cancellationToken), cancellationToken);
        if (await Sql.ExistsAsync(server, "SELECT 1 FROM pg_database WHERE datname = $1", EmptyDatabase, cancellationToken))
        {
            return;
        }

        var unfinished = $"{EmptyDatabase}_unfinished";
        await Sql.RunAsync(server, $"DROP DATABASE IF EXISTS {unfinished}", cancellationToken);
        await Sql.RunAsync(
            server, $"CREATE DATABASE {unfinished} OWNER {Sql.Name(maintenanceRole)} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'", cancellationToken);
        await Sql.RunAsync(server, $"REVOKE CONNECT, TEMPORARY ON DATABASE {unfinished} FROM PUBLIC", cancellationToken);
        await using (var database = await OpenAsync(postgres, unfinished, cancellationToken))
        {
            foreach (var extension in Extensions)
            {
                if (await Sql.ExistsAsync(database, "SELECT 1 FROM pg_available_extensions WHERE name = $1", extension, cancellationToken))
                {
                    await Sql.RunAsync(database, $"CREATE EXTENSION {Sql.Name(extension)}", cancellationToken);
                }
            }

            await Sql.RunAsync(database, $"ALTER SCHEMA public OWNER TO {TemplateRole}", cancellationToken);
        }

        await Sql.RunAsync(server, $"ALTER DATABASE {unfinished} RENAME TO {EmptyDatabase}", cancellationToken);
        await Sql.RunAsync(server, $"ALTER DATABASE {EmptyDatabase} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false", cancellationToken);
    }

    /// <summary>Gives what is in a template that was built for a shared role to the templates' own, so that clones of it can be given away.</summary>
    public static async Task GiveTemplateAsync(EmbeddedPostgres postgres, string database, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(postgres);
        await using var server = await OpenAsync(postgres, EmbeddedPostgres.Superuser, cancellationToken);
        await Sql.RunAsync(server, $"ALTER DATABASE {Sql.Name(database)} WITH ALLOW_CONNECTIONS true", cancellationToken);
        await using (var inside = await OpenAsync(postgres, database, cancellationToken))
        {
            await Sql.RunAsync(inside, $"SET search_path = pg_catalog; SELECT set_config('bibind.owner', {Sql.Literal(TemplateRole)}, false)", cancellationToken);
            await Sql.RunAsync(inside, GiveSql, cancellationToken);
        }

        await Sql.RunAsync(server, $"ALTER DATABASE {Sql.Name(database)} WITH ALLOW_CONNECTIONS false", cancellationToken);
    }

    private static async Task<NpgsqlConnection> OpenAsync(EmbeddedPostgres postgres, string database, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(Sql.Unpooled(postgres.ConnectionString(database)));
        await connection.OpenAsync(cancellationToken);
        return connection;
    }
}
