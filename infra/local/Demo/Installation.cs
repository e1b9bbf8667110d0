using System.Diagnostics;
using Npgsql;
using Spectre.Console;

namespace Bibind.Local.Demo;

/// <summary>PostgreSQL with its roles, templates and the settings that name them.</summary>
internal sealed class Installation : IAsyncDisposable
{
    private static readonly OdooVariant[] Variants = [OdooVariant.Blank, OdooVariant.Restaurant, OdooVariant.Ecommerce, OdooVariant.Services];

    private Installation(InstallationPaths place, EmbeddedPostgres postgres, SettingsFile settings)
    {
        Place = place;
        Postgres = postgres;
        Settings = settings;
    }

    public InstallationPaths Place { get; }

    public EmbeddedPostgres Postgres { get; }

    public SettingsFile Settings { get; }

    /// <summary>Starts PostgreSQL and makes what is missing in it.</summary>
    /// <param name="place">Where.</param>
    /// <param name="hasTemplates">True for made-up templates, which a real Odoo cannot work with.</param>
    /// <param name="settings">Starts what needs the database server; what it answers is set in the settings file, whatever that says.</param>
    public static async Task<Installation> OpenAsync(
        InstallationPaths place, bool hasTemplates, Func<EmbeddedPostgres, Task<IReadOnlyDictionary<string, string>>> settings, IAnsiConsole console,
        CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var options = new EmbeddedPostgresOptions
        {
            DataFolder = Path.Combine(place.Data, "postgres"),
            ToolsFolder = Path.Combine(place.Root, "data", "tools"),
            Fsync = !place.IsThrowaway,
            DeleteOnStop = place.IsThrowaway,
        };
        var postgres = await EmbeddedPostgres.StartAsync(options, cancellationToken);
        try
        {
            await LocalServer.PrepareAsync(postgres, cancellationToken);
            console.WriteLine($"PostgreSQL listens on 127.0.0.1:{postgres.Port}, its data are in {postgres.Folder} ({watch.Elapsed.TotalSeconds:0.0} s)");
            var given = await settings(postgres);
            var templates = (hasTemplates ? Variants : []).ToDictionary(CodeOf, variant => $"template_{CodeOf(variant)}");
            await BuildTemplatesAsync(postgres, templates, console, cancellationToken);
            foreach (var database in templates.Values)
            {
                OdooFiles.Write(SettingsFile.FileStore(place.Folder), database);
            }

            if (place.IsThrowaway)
            {
                // Of an installation that is no more; this one's PostgreSQL runs, so nobody else is at home here.
                File.Delete(SettingsFile.In(place.Folder));
            }

            return new Installation(place, postgres, SettingsFile.Prepare(place.Folder, postgres, templates, given));
        }
        catch
        {
            await postgres.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => Postgres.DisposeAsync();

    private static async Task BuildTemplatesAsync(
        EmbeddedPostgres postgres, Dictionary<string, string> templates, IAnsiConsole console, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(Sql.Unpooled(postgres.SuperuserConnectionString));
        await connection.OpenAsync(cancellationToken);
        foreach (var variant in Variants.Where(v => templates.ContainsKey(CodeOf(v))))
        {
            var database = templates[CodeOf(variant)];
            if (await Sql.ExistsAsync(connection, "SELECT 1 FROM pg_database WHERE datname = $1", database, cancellationToken))
            {
                continue;
            }

            var watch = Stopwatch.StartNew();
            var options = new OdooTemplateOptions
            {
                LockAfter = true,
                CloneOf = variant is OdooVariant.Blank ? null : templates[CodeOf(OdooVariant.Blank)],
            };
            await OdooTemplate.BuildAsync(postgres.SuperuserConnectionString, database, variant, options, cancellationToken);
            console.WriteLine($"Built the template database {database} ({watch.Elapsed.TotalSeconds:0.0} s)");
        }
    }

    private static string CodeOf(OdooVariant variant) => variant.ToString().ToLowerInvariant();
}
