using System.Diagnostics;
using System.Text.Json.Nodes;
using Bibind.Local;
using Bibind.Local.RealServers;
using Bibind.Testing;
using Npgsql;

namespace Bibind.EndToEnd.Tests.Templates;

/// <summary>
/// An installation whose <c>odoo-bin</c> is a script that fills databases from a dump of the small template and puts its files beside
/// them, and whose application answers with a page.
/// </summary>
internal sealed class VersionWorld : IAsyncDisposable
{
    public const string Why = "the October release";

    private static readonly Lazy<Task<string>> Dump = new(DumpAsync);

    // Of its own: these tests count every database of the product's on the server, and those of other tests are not theirs to drop.
    private static readonly Lazy<Task<EmbeddedPostgres>> Server = new(StartServerAsync);
    private readonly string _folder = PostgresFixture.NewFolder();
    private readonly ApplicationStub _application;

    private VersionWorld(Installation installation, ApplicationStub application) => (Installation, _application) = (installation, application);

    public Installation Installation { get; }

    /// <summary>The folder of all file stores.</summary>
    public string Files => Path.Combine(_folder, "filestore");

    public static async Task<VersionWorld> CreateAsync()
    {
        var world = new VersionWorld(await Installation.CreateAsync(await Server.Value), await ApplicationStub.StartAsync());
        OdooFiles.Write(world.Files, OdooTemplateFixture.Database);
        var postgres = await OdooTemplateFixture.GetAsync();
        var script = Path.Combine(world._folder, "odoo-bin");
        await File.WriteAllTextAsync(
            script,
            $"""
            #!/bin/bash
            while [ $# -gt 0 ]; do case "$1" in -d) database=$2;; --data-dir) data=$2;; esac; shift; done
            mkdir -p "$data/filestore/$database" && cp -r '{Path.Combine(world.Files, OdooTemplateFixture.Database)}/.' "$data/filestore/$database"
            exec '{Path.Combine(postgres.Binaries.Folder, "psql")}' -q -v ON_ERROR_STOP=1 -d "$database" -f '{await Dump.Value}'
            """ + "\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        world.Installation.Settings["Templates:OdooBin"] = script;
        world.Installation.Settings["FileStore:Folder"] = world.Files;
        world.Installation.Settings["Seed:Server:Url"] = world._application.Url.OriginalString;
        await world.DropAsync();
        return world;
    }

    /// <summary>Takes the application away: nobody listens at the server's address.</summary>
    public void StopApplication() => Installation.Settings["Seed:Server:Url"] = "http://127.0.0.1:9";

    /// <summary>Builds the next version; answers the job's address.</summary>
    public static Task<string> BuildAsync(Api api) => api.PostAsync("/api/templates/blank/versions", new JsonObject { ["reason"] = Why });

    public static Task<string> PromoteAsync(Api api, int number, int? canaryPercent = null) =>
        api.PostAsync($"/api/templates/blank/versions/{number}/promote", canaryPercent is { } share
            ? new JsonObject { ["reason"] = Why, ["canaryPercent"] = share }
            : new JsonObject { ["reason"] = Why });

    /// <summary>Builds the next version and waits until it is a candidate.</summary>
    public static async Task BuiltAsync(Api api) => Succeeded(await api.EndOfAsync(await BuildAsync(api), seconds: 120));

    public static void Succeeded(JsonObject job) => Assert.True((string?)job["state"] == "succeeded", job.ToString());

    /// <summary>Number and state of every version, newest first.</summary>
    public static async Task<string> StatesAsync(Api api) => string.Join(
        ", ", (await api.GetAsync("/api/templates/blank/versions"))["items"]!.AsArray().Select(v => $"{v!["number"]} {v["state"]}"));

    /// <summary>Databases that were made for templates and trials, whatever their name, the unfinished ones too.</summary>
    public async Task<IReadOnlyList<string>> DatabasesAsync()
    {
        await using var admin = NpgsqlDataSource.Create(Installation.SuperuserConnectionString);
        await using var command = admin.CreateCommand(
            "select datname::text from pg_database where datname like 'template\\_blank%' or datname like 'bibind-%' order by 1");
        var found = new List<string>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            found.Add(reader.GetString(0));
        }

        return found;
    }

    /// <summary>On the servers there are these versions' databases and files, and nothing else of any version or trial.</summary>
    public async Task AssertOnlyAsync(params string[] databases)
    {
        await Installation.ComesToRestAsync();
        Assert.Equal(databases.Order(StringComparer.Ordinal), await DatabasesAsync());
        Assert.Equal(
            databases.Append(OdooTemplateFixture.Database).Order(StringComparer.Ordinal),
            Directory.EnumerateFileSystemEntries(Files).Select(Path.GetFileName).Where(f => f != Installation.Code).Order(StringComparer.Ordinal));
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.secrets where name like 'tenants/-%'"));
        Assert.Equal(databases.Length, await Installation.CountAsync("select count(*) from control.databases where template_id is not null"));
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.databases where purpose = 'trial'"));
    }

    /// <summary>Runs SQL as PostgreSQL's administrator.</summary>
    public async Task AsAdministratorAsync(string sql)
    {
        await using var admin = NpgsqlDataSource.Create(Installation.SuperuserConnectionString);
        await using var command = admin.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Drops a database as somebody would by hand.</summary>
    public async Task DropAsync(string database)
    {
        await AsAdministratorAsync($"alter database \"{database}\" is_template false");
        await AsAdministratorAsync($"drop database \"{database}\" with (force)");
    }

    public async ValueTask DisposeAsync()
    {
        await DropAsync();
        await _application.DisposeAsync();
        await Installation.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task DropAsync()
    {
        foreach (var database in await DatabasesAsync())
        {
            await DropAsync(database);
        }
    }

    private static async Task<EmbeddedPostgres> StartServerAsync()
    {
        var postgres = await PostgresFixture.StartAnotherAsync();
        await OdooTemplate.BuildAsync(
            postgres.SuperuserConnectionString, OdooTemplateFixture.Database, OdooVariant.Blank, OdooTemplateOptions.Small with { LockAfter = true });
        return postgres;
    }

    private static async Task<string> DumpAsync()
    {
        var postgres = await OdooTemplateFixture.GetAsync();
        await using var source = await OdooTemplateFixture.CloneAsync();
        var file = Path.Combine(PostgresFixture.NewClusterFolder(), "template.sql");
        var settings = new NpgsqlConnectionStringBuilder(postgres.SuperuserConnectionString);
        var start = new ProcessStartInfo(postgres.Binaries.PgDump!)
        {
            ArgumentList =
            {
                "--no-owner", "--no-acl", "--no-comments", "-h", settings.Host!, "-p", $"{settings.Port}", "-U", settings.Username!, "-f", file, source.Name,
            },
        };
        start.Environment["PGPASSWORD"] = settings.Password;
        using var dump = Process.Start(start)!;
        await dump.WaitForExitAsync();
        Assert.Equal(0, dump.ExitCode);
        return file;
    }
}
