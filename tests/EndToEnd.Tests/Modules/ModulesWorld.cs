using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Bibind.Testing;
using Npgsql;

namespace Bibind.EndToEnd.Tests.Modules;

/// <summary>Two tenants of one template, one with a mark and a file, and an application that installs modules.</summary>
internal sealed partial class ModulesWorld : IAsyncDisposable
{
    private const string Themes =
        """[{"name": "ocean", "primaryColor": "#017e84", "secondaryColor": "#714b67", "font": "Roboto"}, {"name": "forest", "primaryColor": "#0b6623", "secondaryColor": "#333333"}]""";

    private ModulesWorld(Installation installation, OdooModulesStub application) => (Installation, Application) = (installation, application);

    public Installation Installation { get; }
    public OdooModulesStub Application { get; }
    public string Code => Installation.Code;

    /// <summary>The tenant that nobody changes.</summary>
    public string Neighbour => $"{Code}n";

    public static async Task<ModulesWorld> CreateAsync()
    {
        var installation = await Installation.CreateAsync();
        var world = new ModulesWorld(installation, await OdooModulesStub.StartAsync(installation.OpenTenant));
        installation.Settings["Seed:Server:Url"] = world.Application.Url.AbsoluteUri;
        await using var host = await InProcessHost.StartAsync(installation);
        foreach (var (code, record) in new[] { (world.Code, 1), (world.Neighbour, 2) })
        {
            var end = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(code, record));
            Assert.True((string?)end["state"] == "succeeded", end.ToString());
        }

        await world.ExecuteAsync("insert into ir_config_parameter (key, value) values ('test.mark', 'mine')");
        await using var themes = installation.Control.CreateCommand($"update control.offers set themes = '{Themes}' where code = 'odoo-shared'");
        await themes.ExecuteNonQueryAsync();
        await installation.ComesToRestAsync();
        return world;
    }

    /// <summary>Orders a change; answers the job's address.</summary>
    public Task<string> ChangeAsync(Api api, JsonObject command) => api.PostAsync($"/api/tenants/{Code}/modules", command);

    /// <summary>Orders contacts.</summary>
    public Task<string> ActivateAsync(Api api, params string[] modules) => ChangeAsync(api, new JsonObject { ["activate"] = new JsonArray([.. modules.Select(m => (JsonNode)m)]) });

    public async Task<string> ThemeAsync(Api api, string? theme)
    {
        var (status, job, body) = await api.TrySendAsync(HttpMethod.Put, $"/api/tenants/{Code}/theme", new JsonObject { ["theme"] = theme });
        Assert.True(status == HttpStatusCode.Accepted, body.ToString());
        return job!;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var database = Installation.OpenTenant(Code);
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var database = Installation.OpenTenant(Code);
        return await TenantAssertions.ScalarAsync<T>(database, sql);
    }

    /// <summary>A digest of everything that is in a tenant's database.</summary>
    public async Task<string> DumpAsync(string code)
    {
        var builder = new NpgsqlConnectionStringBuilder(Installation.SuperuserConnectionString);
        var start = new ProcessStartInfo((await OdooTemplateFixture.GetAsync()).Binaries.PgDump!)
        {
            RedirectStandardOutput = true,
            ArgumentList = { "-h", builder.Host!, "-p", builder.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), "-U", builder.Username!, "-d", code },
        };
        start.Environment["PGPASSWORD"] = builder.Password;
        using var process = Process.Start(start)!;
        var text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);

        // Newer ones begin and end with a word that is another each time.
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(Restrict().Replace(text, string.Empty))));
    }

    /// <summary>
    /// The tenant is open with what it had and exactly these modules beside the template's; no other database and no key is left of any change.
    /// </summary>
    public async Task AssertOpenAsync(Api api, params string[] modules)
    {
        await Installation.ComesToRestAsync();
        Assert.Equal("active", (string?)(await api.GetAsync($"/api/tenants/{Code}"))["state"]);
        Assert.Equal([Code], await Installation.DatabasesAsync());
        Assert.Equal("mine", await ScalarAsync<string>("select value from ir_config_parameter where key = 'test.mark'"));
        Assert.Equal(
            string.Join(' ', modules.Order()),
            await ScalarAsync<string>("select coalesce(string_agg(name, ' ' order by name), '') from ir_module_module where latest_version = '19.0.1.0' and state = 'installed'"));
        Assert.Equal(
            string.Join(' ', modules.Select(m => $"module_{m}").Order()),
            await ScalarAsync<string>("select coalesce(string_agg(tablename::text, ' ' order by tablename), '') from pg_tables where tablename like 'module\\_%'"));
        Assert.Equal(0, await ScalarAsync<long>("select count(*) from ir_module_module where state like 'to %'"));
        Assert.Equal(0, await ScalarAsync<long>("select count(*) from res_users_apikeys"));
        Assert.True(await ScalarAsync<bool>("select pg_get_userbyid(datdba) = 'odoo' and not datistemplate from pg_database where datname = current_database()"));
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.jobs where finished_at is null"));
        Installation.AssertFileStores(Code, Neighbour);
    }

    public async Task<IReadOnlyList<string>> BackupsAsync(Api api) =>
        [.. (await api.GetAsync($"/api/tenants/{Code}/backups"))["items"]!.AsArray().Select(b => (string)b!["kind"]!).Order()];

    public async ValueTask DisposeAsync()
    {
        await Installation.DropAsync(Neighbour);
        await Application.DisposeAsync();
        await Installation.DisposeAsync();
    }

    [GeneratedRegex(@"^\\(un)?restrict .*$", RegexOptions.Multiline)]
    private static partial Regex Restrict();
}
