using System.Text;
using System.Text.Json.Nodes;
using Bibind.Local;
using Bibind.Local.RealServers;
using Bibind.Testing;
using Npgsql;

namespace Bibind.EndToEnd.Tests.Moves;

/// <summary>
/// A tenant on one PostgreSQL, and a second server with a PostgreSQL of its own to move to. In the place of each server's Odoo something answers
/// for its login page, and can be told not to.
/// </summary>
internal sealed class MoveWorld : IAsyncDisposable
{
    /// <summary>The second server's PostgreSQL.</summary>
    internal static readonly Lazy<Task<EmbeddedPostgres>> Second = new(() => PostgresFixture.StartAnotherAsync());
    private readonly EmbeddedPostgres _second;
    private readonly ApplicationStub _application;
    private readonly string _files = PostgresFixture.NewFolder();

    private MoveWorld(Installation installation, EmbeddedPostgres second, ApplicationStub application, bool sharesFiles)
    {
        (Installation, _second, _application, SharesFiles) = (installation, second, application, sharesFiles);
        foreach (var server in new[] { "local", "second" })
        {
            Directory.CreateDirectory(Path.Combine(_files, server));
        }

        var folder = sharesFiles ? Path.Combine(_files, "local") : Path.Combine(_files, "{server}");
        installation.Settings["FileStore:Folder"] = folder;
        installation.Settings["Moves:KeepCopy"] = "7.00:00:00";
        OdooFiles.Write(Path.Combine(_files, "local"), OdooTemplateFixture.Database);
    }

    public Installation Installation { get; }
    public bool SharesFiles { get; }
    public string Code => Installation.Code;

    /// <summary>False lets the second server's application answer 503.</summary>
    public bool ApplicationAnswers { set => _application.IsDown = !value; }

    public static async Task<MoveWorld> CreateAsync(bool sharesFiles = false)
    {
        var world = new MoveWorld(await Installation.CreateAsync(), await Second.Value, await ApplicationStub.StartAsync(), sharesFiles);
        await using var host = await InProcessHost.StartAsync(world.Installation);
        var end = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(world.Code));
        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        await host.Api.AddServerAsync("second", world._second, world._application.Url, skipApplicationTest: true);
        await world.ExecuteAsync("local", "insert into ir_config_parameter (key, value) values ('test.mark', 'mine')");
        world.WriteFile("mine");
        await world.Installation.ComesToRestAsync();
        return world;
    }

    /// <summary>Orders the move to the second server; answers the job's address.</summary>
    public Task<string> MoveAsync(Api api, JsonObject? with = null)
    {
        var command = with ?? [];
        command["reason"] = "The test wants it.";
        return api.PostAsync($"/api/tenants/{Code}/move", command);
    }

    /// <summary>The tenant's database on a server, as the application enters it.</summary>
    public NpgsqlDataSource Open(string server) => server == "local"
        ? Installation.OpenTenant(Code)
        : NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(_second.ConnectionString(Code, LocalServer.ApplicationRole)) { Pooling = false }.ConnectionString);

    public async Task ExecuteAsync(string server, string sql)
    {
        await using var database = Open(server);
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Puts a database of the tenant's name on the second server, as somebody might by hand.</summary>
    public async Task PlantAsync()
    {
        await using var admin = NpgsqlDataSource.Create(_second.SuperuserConnectionString);
        await using var command = admin.CreateCommand($"create database {new NpgsqlCommandBuilder().QuoteIdentifier(Code)}");
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Databases with the tenant's code in their name, on both servers: <c>second/t123</c>.</summary>
    public async Task<IReadOnlyList<string>> DatabasesAsync()
    {
        var found = new List<string>();
        foreach (var (server, superuser) in new[] { ("local", Installation.SuperuserConnectionString), ("second", _second.SuperuserConnectionString) })
        {
            await using var admin = NpgsqlDataSource.Create(superuser);
            await using var command = admin.CreateCommand("select datname from pg_database where datname like '%' || $1 || '%' order by datname");
            command.Parameters.AddWithValue(Code);
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                found.Add($"{server}/{reader.GetString(0)}");
            }
        }

        return found;
    }

    /// <summary>
    /// The tenant is open on this server with everything it had, and the application sees it there and nowhere else; no other database
    /// but these is left of it, and no backup of the move.
    /// </summary>
    public async Task AssertOpenAsync(Api api, string server, params string[] copies)
    {
        await Installation.ComesToRestAsync();
        var shown = await api.GetAsync($"/api/tenants/{Code}");
        Assert.Equal(("active", server), ((string?)shown["state"], (string?)shown["server"]));
        Assert.Equal(copies.Append($"{server}/{Code}").Order(), await DatabasesAsync());
        await using (var database = Open(server))
        {
            Assert.Equal("mine", await TenantAssertions.ScalarAsync<string>(database, "select value from ir_config_parameter where key = 'test.mark'"));
            Assert.True(await TenantAssertions.ScalarAsync<bool>(
                database, "select pg_get_userbyid(datdba) = 'odoo' and not datistemplate from pg_database where datname = current_database()"));
            await using var write = database.CreateCommand("update ir_config_parameter set value = value where key = 'test.mark'");
            Assert.Equal(1, await write.ExecuteNonQueryAsync());
        }

        Assert.True(HasFile(server, "mine"));
        Assert.Equal(["first"], (await api.GetAsync($"/api/tenants/{Code}/backups"))["items"]!.AsArray().Select(b => (string?)b!["kind"]));
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.jobs where finished_at is null"));
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.tenant_moves where held_server_id is not null"));
        Assert.Equal(copies.Length, await Installation.CountAsync("select count(*) from control.tenant_moves where copy_server_id is not null"));
    }

    /// <summary>Nothing is left of the tenant, on either server.</summary>
    public async Task AssertGoneAsync()
    {
        await Installation.ComesToRestAsync();
        Assert.Empty(await DatabasesAsync());
        Assert.False(HasFile("local", "mine"));
        Assert.False(HasFile("second", "mine"));
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.tenant_moves where copy_server_id is not null"));
    }

    public bool HasFile(string server, string content) => File.Exists(FileOf(SharesFiles ? "local" : server, content));

    private void WriteFile(string content)
    {
        var file = FileOf("local", content);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, content);
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddHours(-1));
    }

    /// <summary>Waits until the tenant's newest move has failed, its undoing included.</summary>
    public Task UndoneAsync(Api api) => Eventually.UntilAsync(
        async () => (string?)(await api.GetAsync($"/api/moves?tenant={Code}"))["items"]![0]!["state"] == "failed", TimeSpan.FromSeconds(60), "it is undone");

    private string FileOf(string server, string content) =>
        Path.Combine(_files, server, Code, new OdooFile(0, Encoding.UTF8.GetBytes(content)).StoreName);

    public async ValueTask DisposeAsync()
    {
        await using (var admin = NpgsqlDataSource.Create(_second.SuperuserConnectionString))
        {
            foreach (var database in (await DatabasesAsync()).Where(d => d.StartsWith("second/", StringComparison.Ordinal)))
            {
                var name = new NpgsqlCommandBuilder().QuoteIdentifier(database["second/".Length..]);
                foreach (var sql in new[] { $"alter database {name} is_template false", $"drop database {name} with (force)" })
                {
                    await using var command = admin.CreateCommand(sql);
                    await command.ExecuteNonQueryAsync();
                }
            }
        }

        await _application.DisposeAsync();
        await Installation.DisposeAsync();
        Directory.Delete(_files, recursive: true);
    }
}
