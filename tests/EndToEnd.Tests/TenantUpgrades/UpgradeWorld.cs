using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Bibind.Durable;
using Bibind.Durable.Hubs;
using Bibind.Durable.Worker;
using Bibind.Local;
using Bibind.Local.RealServers;

namespace Bibind.EndToEnd.Tests.TenantUpgrades;

/// <summary>A tenant that can be upgraded. In the place of its Odoo something answers for the login page, and can be told not to.</summary>
public sealed class UpgradeWorld : IAsyncLifetime
{
    /// <summary>What the tests' release does: it adds a column.</summary>
    internal const string Statement = "alter table public.res_partner add column upgraded integer not null default 7";
    private ApplicationStub _application = null!;

    internal Installation Installation { get; private set; } = null!;

    public string Code => Installation.Code;

    /// <summary>False lets the application answer 503.</summary>
    public bool ApplicationAnswers { set => _application.IsDown = !value; }

    public static async Task<UpgradeWorld> CreateAsync()
    {
        var world = new UpgradeWorld();
        await world.InitializeAsync();
        return world;
    }

    public async ValueTask InitializeAsync()
    {
        _application = await ApplicationStub.StartAsync();
        Installation = await Installation.CreateAsync();
        Installation.Settings["Seed:Server:Url"] = _application.Url.GetLeftPart(UriPartial.Authority);
        Installation.Settings["Templates:OdooBin"] = "no-such-odoo-bin";
        await using var host = await InProcessHost.StartAsync(Installation);
        var end = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(Code));
        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        await ExecuteAsync("insert into ir_config_parameter (key, value) values ('test.mark', 'mine')");
        WriteFile("mine");
        await Installation.ComesToRestAsync();
    }

    /// <summary>Orders an upgrade; answers the job's address.</summary>
    internal async Task<string> UpgradeAsync(Api api, JsonObject? with = null)
    {
        var (status, job, body) = await api.TryPostAsync($"/api/tenants/{Code}/upgrade", Command(with));
        Assert.True(status == HttpStatusCode.Accepted, body.ToString());
        return job!;
    }

    /// <summary>The order, with what differs.</summary>
    internal static JsonObject Command(JsonObject? with = null)
    {
        var command = new JsonObject { ["version"] = "19.0-2", ["kind"] = "sql", ["statements"] = new JsonArray(Statement), ["reason"] = "The test wants it." };
        foreach (var (name, value) in with ?? [])
        {
            command.Remove(name);
            if (value is not null)
            {
                command[name] = value.DeepClone();
            }
        }

        return command;
    }

    /// <summary>Statements of an order.</summary>
    internal static JsonObject Statements(params string[] sql) => new() { ["statements"] = new JsonArray([.. sql.Select(s => JsonValue.Create(s))]) };

    internal async Task ExecuteAsync(string sql)
    {
        await using var database = Installation.OpenTenant(Code);
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>How often the release was brought in: the number of its columns.</summary>
    internal async Task<long> ReleasesAsync()
    {
        await using var database = Installation.OpenTenant(Code);
        return await TenantAssertions.ScalarAsync<long>(database, "select count(*) from pg_attribute where attrelid = 'public.res_partner'::regclass and attname like 'upgraded%' and not attisdropped");
    }

    /// <summary>The tenant is open with everything it had, the application sees it, and nothing is left of upgrades but these backups.</summary>
    internal async Task AssertOpenAsync(Api api, bool hasRelease, string? version, int safetyBackups = 0)
    {
        await Installation.ComesToRestAsync();
        var shown = await api.GetAsync($"/api/tenants/{Code}");
        Assert.Equal(("active", version), ((string?)shown["state"], (string?)shown["release"]));
        Assert.Equal([Code], await Installation.DatabasesAsync());
        Assert.Equal(hasRelease ? 1 : 0, await ReleasesAsync());
        await using (var database = Installation.OpenTenant(Code))
        {
            Assert.Equal("mine", await TenantAssertions.ScalarAsync<string>(database, "select value from ir_config_parameter where key = 'test.mark'"));
            Assert.True(await TenantAssertions.ScalarAsync<bool>(
                database, "select pg_get_userbyid(datdba) = 'odoo' and not datistemplate from pg_database where datname = current_database()"));
            await using var write = database.CreateCommand("update ir_config_parameter set value = value where key = 'test.mark'");
            Assert.Equal(1, await write.ExecuteNonQueryAsync());
        }

        Assert.True(File.Exists(FileOf("mine")));
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(Installation.Files), f => f.Contains("rehearsal", StringComparison.Ordinal));
        var kinds = (await api.GetAsync($"/api/tenants/{Code}/backups"))["items"]!.AsArray().Select(b => (string)b!["kind"]!).ToList();
        Assert.Equal(safetyBackups, kinds.Count(k => k == "upgrade"));
        Assert.DoesNotContain("rehearsal", kinds);
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.jobs where finished_at is null"));
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.tenant_upgrades where ended_at is null or copy_database is not null"));
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.databases where tenant_id is not null and purpose <> 'current'"));
    }

    private void WriteFile(string content)
    {
        var file = FileOf(content);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, content);
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddHours(-1));
    }

    private string FileOf(string content) => Path.Combine(Installation.Files, Code, new OdooFile(0, Encoding.UTF8.GetBytes(content)).StoreName);

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        await Installation.DisposeAsync();
    }
}

/// <summary>Fails a step for good the Nth time that it is reached, before or after its effect.</summary>
internal sealed class FailsAt(string step, int time, bool afterTheEffect) : WorkerInterceptor
{
    private int _reached;

    public override ValueTask BeforeActivityAsync(LeasedActivity activity, CancellationToken cancellationToken) => FailIf(activity, !afterTheEffect);

    public override ValueTask AfterActivityAsync(LeasedActivity activity, CancellationToken cancellationToken) => FailIf(activity, afterTheEffect);

    private ValueTask FailIf(LeasedActivity activity, bool now) => now && activity.Scheduled.Name == step && Interlocked.Increment(ref _reached) == time
        ? throw new PermanentFailureException($"{step} fails, as the test wants")
        : ValueTask.CompletedTask;
}
