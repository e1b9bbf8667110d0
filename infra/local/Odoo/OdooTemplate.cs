using System.Globalization;
using System.Text.Json;
using Npgsql;

namespace Bibind.Local;

/// <summary>How a template database differs from the plain one.</summary>
public enum OdooVariant
{
    Blank,
    Restaurant,
    Ecommerce,
    Services,
}

/// <summary>How a template database is built.</summary>
public sealed record OdooTemplateOptions
{
    /// <summary>Tables of applications beside the 91 of the core modules.</summary>
    public int FillerTables { get; init; } = 109;

    /// <summary>What <c>pg_database_size</c> answers at the end, roughly; never less than the tables need.</summary>
    public int TargetMegabytes { get; init; } = 44;

    /// <summary>A blank template on the same server to start from, which is much faster; it may be locked.</summary>
    public string? CloneOf { get; init; }

    /// <summary>Marks the database as a template and refuses connections to it.</summary>
    public bool LockAfter { get; init; }

    /// <summary>Small enough to be built for every run of the tests.</summary>
    public static OdooTemplateOptions Small { get; } = new() { FillerTables = 0, TargetMegabytes = 9 };
}

/// <summary>
/// Builds databases shaped like those of Odoo 18 – its tables by their public names, with invented rows – for places
/// where no Odoo runs. The content is the same at every build.
/// </summary>
public static class OdooTemplate
{
    private static readonly string[] Steps =
    [
        "10-base.sql", "11-resources.sql", "20-messaging.sql", "30-applications.sql", "40-orm-columns.sql", "50-rows-people.sql",
        "51-rows-modules.sql", "60-rows-applications.sql", "70-weight.sql", "90-finish.sql",
    ];

    /// <summary>The catalogues that altering every table leaves full of dead rows.</summary>
    private static readonly string[] RewrittenCatalogues =
        ["pg_attribute", "pg_attrdef", "pg_class", "pg_depend", "pg_constraint", "pg_trigger", "pg_type", "pg_index"];

    /// <summary>The tables that the variants change.</summary>
    private static readonly string[] VariantTables =
    [
        "ir_config_parameter", "ir_module_module", "ir_sequence", "ir_ui_view", "mail_activity_type", "payment_method", "product_template",
        "res_partner_category",
    ];

    /// <summary>Builds the database; its content is the application's role's, and so is itself unless it is locked. It appears under its name only when it is whole.</summary>
    /// <exception cref="PostgresException">The database is there already, or the role is missing.</exception>
    public static async Task BuildAsync(
        string superuserConnectionString,
        string databaseName,
        OdooVariant variant,
        OdooTemplateOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        options ??= new OdooTemplateOptions();
        var unfinished = $"{databaseName}_unfinished";
        await using var server = new NpgsqlConnection(Sql.Unpooled(superuserConnectionString));
        await server.OpenAsync(cancellationToken);
        await Sql.RunAsync(server, $"DROP DATABASE IF EXISTS {Sql.Name(unfinished)} WITH (FORCE)", cancellationToken);
        var source = options.CloneOf is null ? "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'" : $"TEMPLATE {Sql.Name(options.CloneOf)}";
        await Sql.RunAsync(
            server, $"CREATE DATABASE {Sql.Name(unfinished)} {source} OWNER {Sql.Name(LocalServer.ApplicationRole)}", cancellationToken);

        await using (var database = new NpgsqlConnection(Sql.OtherDatabase(superuserConnectionString, unfinished)))
        {
            await database.OpenAsync(cancellationToken);
            await FillAsync(database, variant, options, cancellationToken);
        }

        await Sql.RunAsync(server, $"ALTER DATABASE {Sql.Name(unfinished)} RENAME TO {Sql.Name(databaseName)}", cancellationToken);
        if (options.LockAfter)
        {
            await Sql.RunAsync(server, $"ALTER DATABASE {Sql.Name(databaseName)} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false", cancellationToken);
            await LocalServer.GiveToMaintenanceAsync(server, databaseName, cancellationToken);
        }
    }

    private static async Task FillAsync(NpgsqlConnection database, OdooVariant variant, OdooTemplateOptions options, CancellationToken cancellationToken)
    {
        if (options.CloneOf is null)
        {
            await AddExtensionsAsync(database, cancellationToken);
        }

        // As the application's role, so that it owns every object.
        await Sql.RunAsync(database, $"SET ROLE {Sql.Name(LocalServer.ApplicationRole)}", cancellationToken);
        await Sql.RunAsync(database, "BEGIN; SET LOCAL synchronous_commit = off", cancellationToken);
        if (options.CloneOf is null)
        {
            await SetAsync(database, "bibind.filler_tables", options.FillerTables.ToString(CultureInfo.InvariantCulture), cancellationToken);
            await SetAsync(database, "bibind.target_bytes", (options.TargetMegabytes * 1_000_000L).ToString(CultureInfo.InvariantCulture), cancellationToken);
            await SetAsync(database, "bibind.files", FilesAsJson(), cancellationToken);
            foreach (var step in Steps)
            {
                await Sql.RunAsync(database, await EmbeddedText.ReadAsync(step, cancellationToken), cancellationToken);
            }
        }

        if (variant is not OdooVariant.Blank)
        {
            var difference = $"variant-{variant.ToString().ToLowerInvariant()}.sql";
            await Sql.RunAsync(database, await EmbeddedText.ReadAsync(difference, cancellationToken), cancellationToken);
        }

        await Sql.RunAsync(database, "COMMIT", cancellationToken);
        await Sql.RunAsync(database, "RESET ROLE", cancellationToken);
        await TidyAsync(database, options, cancellationToken);
    }

    /// <summary>Leaves what a database at rest has: nothing dead, everything frozen and counted.</summary>
    private static async Task TidyAsync(NpgsqlConnection database, OdooTemplateOptions options, CancellationToken cancellationToken)
    {
        if (options.CloneOf is not null)
        {
            await Sql.RunAsync(database, $"VACUUM (FREEZE, ANALYZE) {string.Join(", ", VariantTables)}", cancellationToken);
            return;
        }

        foreach (var catalogue in RewrittenCatalogues)
        {
            await Sql.RunAsync(database, $"VACUUM (FULL, FREEZE) {catalogue}", cancellationToken);
        }

        await Sql.RunAsync(database, "VACUUM (FREEZE, ANALYZE)", cancellationToken);
    }

    /// <summary>Odoo's extensions, as far as this installation of PostgreSQL has them.</summary>
    private static async Task AddExtensionsAsync(NpgsqlConnection database, CancellationToken cancellationToken)
    {
        foreach (var extension in new[] { "pg_trgm", "unaccent" })
        {
            if (await Sql.ExistsAsync(database, "SELECT 1 FROM pg_available_extensions WHERE name = $1", extension, cancellationToken))
            {
                await Sql.RunAsync(database, $"CREATE EXTENSION {Sql.Name(extension)}", cancellationToken);
            }
        }
    }

    private static string FilesAsJson() =>
        JsonSerializer.Serialize(OdooFiles.All.Select(file => new { n = file.Number, h = file.Sha1, size = file.Content.Length }));

    private static async Task SetAsync(NpgsqlConnection database, string setting, string value, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT set_config($1, $2, false)", database)
        {
            Parameters = { new() { Value = setting }, new() { Value = value } },
        };
        await command.ExecuteScalarAsync(cancellationToken);
    }
}
