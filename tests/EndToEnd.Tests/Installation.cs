using System.Globalization;
using Bibind.ControlPlane.Schema;
using Bibind.Durable.Postgres;
using Bibind.Local;
using Bibind.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Bibind.EndToEnd.Tests;

/// <summary>
/// One installation of the product for one test: a control database and a store of its own, on the test process's
/// PostgreSQL, with the small Odoo-shaped template.
/// </summary>
internal sealed class Installation : IAsyncDisposable
{
    public const string Token = "test-operator-token-0123456789";
    public const string WebhookToken = "test-webhook-token-0123456789abcdef";

    // To copy for each test; the cluster takes it along in the end.
    private static readonly Lazy<Task<string>> Migrated = new(MigrateAsync);
    private readonly EmbeddedPostgres _postgres;
    private readonly TestDatabase _control;

    private Installation(EmbeddedPostgres postgres, TestDatabase control)
    {
        _postgres = postgres;
        _control = control;
        Store = PostgresFixture.NewFolder();
        Files = PostgresFixture.NewFolder();
        OdooFiles.Write(Files, OdooTemplateFixture.Database);
        Control = control.OpenDataSource();
        Settings = new Dictionary<string, string>
        {
            ["ControlDatabase"] = control.ConnectionString + ";Maximum Pool Size=20",
            ["Secrets:MasterKey"] = Convert.ToBase64String(Enumerable.Range(1, 32).Select(i => (byte)i).ToArray()),
            ["Auth:Tokens:0:Name"] = "operator",
            ["Auth:Tokens:0:Token"] = Token,
            ["Auth:Tokens:0:Role"] = "admin",
            ["OdooWebhooks:0:Name"] = "console",
            ["OdooWebhooks:0:Token"] = WebhookToken,
            ["Storage:Local:Folder"] = Store,
            ["FileStore:Provider"] = "folder",
            ["FileStore:Folder"] = Files,
            ["Platform:Domain"] = "tenants.test",
            ["Backups:Nightly"] = "false",
            ["Credentials:PoolSize"] = "0",
            ["Callbacks:AllowPrivateTargets"] = "true",
            ["Logging:LogLevel:Default"] = "Warning",
            ["Worker:LeaseDuration"] = "00:00:01",
            ["Worker:PollInterval"] = "00:00:00.2",
            // A test that is about them switches them on.
            ["Timers:Sweep"] = "false",
            ["ServerHealth:Enabled"] = "false",
            ["Seed:Server:Code"] = "local",
            ["Seed:Server:Name"] = "Local",
            // Nobody listens there: no Odoo can be had, and the standard user is put off.
            ["Seed:Server:Url"] = "http://127.0.0.1:9",
            ["Seed:Server:DatabaseHost"] = "127.0.0.1",
            ["Seed:Server:DatabasePort"] = postgres.Port.ToString(CultureInfo.InvariantCulture),
            ["Seed:Server:DatabaseUser"] = LocalServer.MaintenanceRole,
            ["Seed:Server:DatabasePassword"] = postgres.PasswordOf(LocalServer.MaintenanceRole),
            ["Seed:Server:ApplicationRole"] = LocalServer.ApplicationRole,
            ["Seed:Server:ApplicationPassword"] = postgres.PasswordOf(LocalServer.ApplicationRole),
            ["Seed:Templates:blank"] = OdooTemplateFixture.Database,
        };
    }

    /// <summary>A code that no other test on the same PostgreSQL uses.</summary>
    public string Code { get; } = $"t{Guid.NewGuid().ToString("n")[..12]}";

    /// <summary>Folder of the object store.</summary>
    public string Store { get; }

    /// <summary>The application's folder of file stores.</summary>
    public string Files { get; }

    /// <summary>The control database.</summary>
    public NpgsqlDataSource Control { get; }

    /// <summary>The product's settings, colon-separated.</summary>
    public Dictionary<string, string> Settings { get; }

    public string SuperuserConnectionString => _postgres.SuperuserConnectionString;

    /// <summary>An installation whose control database has its schema, as that of a host that is started again.</summary>
    public static async Task<Installation> CreateAsync() => await CreateAsync(await Migrated.Value);

    /// <summary>The same with its tenants on another PostgreSQL, which has the template: for a test that counts everything there.</summary>
    public static async Task<Installation> CreateAsync(EmbeddedPostgres server) => new(server, await TestDatabase.CreateAsync(template: await Migrated.Value));

    /// <summary>An installation whose first host finds an empty control database.</summary>
    public static Task<Installation> CreateEmptyAsync() => CreateAsync(template: null);

    /// <summary>A connection to a tenant's database as the application would make it.</summary>
    public NpgsqlDataSource OpenTenant(string database) =>
        NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(_postgres.ConnectionString(database)) { Pooling = false }.ConnectionString);

    /// <summary>The same as the application's own role, which a tenant's SQL runs as.</summary>
    public NpgsqlDataSource OpenTenantAsApplication(string database) =>
        NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(_postgres.ConnectionString(database, LocalServer.ApplicationRole)) { Pooling = false }.ConnectionString);

    /// <summary>Databases of this test's tenant, whatever their name, the unfinished ones too.</summary>
    public Task<IReadOnlyList<string>> DatabasesAsync() => DatabasesAsync(Code);

    /// <summary>Drops whatever a tenant of this code has on the server, held back or not.</summary>
    public async Task DropAsync(string code)
    {
        await using var admin = NpgsqlDataSource.Create(SuperuserConnectionString);
        foreach (var database in await DatabasesAsync(code))
        {
            var name = new NpgsqlCommandBuilder().QuoteIdentifier(database);
            await using (var unlock = admin.CreateCommand($"alter database {name} is_template false"))
            {
                await unlock.ExecuteNonQueryAsync();
            }

            await using var drop = admin.CreateCommand($"drop database {name} with (force)");
            await drop.ExecuteNonQueryAsync();
        }
    }

    /// <summary>Databases of a tenant, whatever their name, the unfinished ones too.</summary>
    public async Task<IReadOnlyList<string>> DatabasesAsync(string code)
    {
        await using var admin = NpgsqlDataSource.Create(SuperuserConnectionString);
        await using var command = admin.CreateCommand(
            "select datname from pg_database d where datname = $1 or shobj_description(d.oid, 'pg_database') like '%code=' || $1 order by datname");
        command.Parameters.AddWithValue(code);
        return await ReadAsync(command);
    }

    /// <summary>Every file in the store.</summary>
    public IReadOnlyList<string> StoredFiles() =>
        Directory.Exists(Store) ? [.. Directory.EnumerateFiles(Store, "*", SearchOption.AllDirectories)] : [];

    public async Task<long> CountAsync(string sql, params object[] values)
    {
        await using var command = Control.CreateCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.AddWithValue(value);
        }

        return (long)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>
    /// Waits until every orchestration has ended but those that never do, and every activity: a job's outcome is known a little before, and an
    /// activity may outlive the instance that called it.
    /// </summary>
    public Task ComesToRestAsync() => Eventually.UntilAsync(
        async () => await CountAsync(
            """
            select (select count(*) from durable.leases where instance_id not like 'timer-%')
              + (select count(*) from durable.activities where instance_id not like 'timer-%')
            """) == 0,
        TimeSpan.FromSeconds(60), "every orchestration and every activity has ended");

    /// <summary>Has the sweep look every second.</summary>
    public void SweepOften() => (Settings["Timers:Sweep"], Settings["Timers:SweepInterval"]) = ("true", "00:00:01");

    /// <summary>Waits until the first backup, which comes after a tenant is active, is there and nothing is under way.</summary>
    public async Task HasFirstBackupAsync()
    {
        await Eventually.UntilAsync(
            async () => await CountAsync("select count(*) from control.backups") > 0, TimeSpan.FromSeconds(60), "the first backup is there");
        await ComesToRestAsync();
    }

    /// <summary>Looks at PostgreSQL, the store and the control database: nothing of the tenant may be left.</summary>
    public async Task AssertNothingIsLeftAsync()
    {
        await ComesToRestAsync();
        Assert.Empty(await DatabasesAsync());
        Assert.Empty(StoredFiles());
        Assert.DoesNotContain(Directory.EnumerateDirectories(Store, "*", SearchOption.AllDirectories), d => d.Contains(Code, StringComparison.Ordinal));
        AssertFileStores();
        Assert.Equal(0, await CountAsync("select count(*) from control.secrets where name like 'tenants/%'"));
        Assert.Equal(0, await CountAsync("select count(*) from control.backups"));
        Assert.Equal(0, await CountAsync("select count(*) from control.tenants where state not in ('failed', 'terminated')"));
        Assert.Equal(0, await CountAsync("select count(*) from durable.activities where instance_id not like 'timer-%'"));
        Assert.Equal(0, await CountAsync("select count(*) from durable.messages where instance_id not like 'timer-%'"));
    }

    /// <summary>There are the file stores of these databases, each with the template's files, and the template's own, and nothing else.</summary>
    public void AssertFileStores(params string[] databases)
    {
        string[] stores = [OdooTemplateFixture.Database, .. databases];
        Assert.Equal(stores.Order(StringComparer.Ordinal), Directory.EnumerateFileSystemEntries(Files).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.All(stores, store => Assert.All(
            OdooFiles.All, file => Assert.Equal(file.Content, File.ReadAllBytes(Path.Combine(Files, store, file.StoreName)))));
    }

    public async ValueTask DisposeAsync()
    {
        await DropAsync(Code);
        await _control.DisposeAsync();
        Directory.Delete(Store, recursive: true);
        Directory.Delete(Files, recursive: true);
    }

    private static async Task<Installation> CreateAsync(string? template)
    {
        var postgres = await OdooTemplateFixture.GetAsync();
        return new Installation(postgres, await TestDatabase.CreateAsync(template: template));
    }

    private static async Task<string> MigrateAsync()
    {
        var database = await TestDatabase.CreateAsync();
        await using var control = NpgsqlDataSource.Create(database.ConnectionString);
        await new ControlDatabaseMigrator(control, TimeProvider.System, NullLogger<ControlDatabaseMigrator>.Instance).ApplyAsync(CancellationToken.None);
        await using var hub = new PostgresTaskHub(control);
        await hub.InitializeAsync(CancellationToken.None);
        return database.Name;
    }

    private static async Task<IReadOnlyList<string>> ReadAsync(NpgsqlCommand command)
    {
        var found = new List<string>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            found.Add(reader.GetString(0));
        }

        return found;
    }
}
