using System.Text.Json.Nodes;
using Bibind.EndToEnd.Tests;
using Bibind.Local;
using Bibind.Local.RealServers;
using Bibind.Testing.Servers;
using Npgsql;

namespace Bibind.Odoo.Tests;

/// <summary>
/// The product with the shared real Odoo as its application, a proxy and a zone of its own; its templates are <c>blank</c>, the
/// fixture's, and what a test makes.
/// </summary>
internal sealed class OdooWorld : IAsyncDisposable
{
    private readonly List<string> _codes = [];

    private OdooWorld(RealOdoo odoo, EveryEffectWorld effects, InProcessHost host) => (Odoo, Effects, Host) = (odoo, effects, host);

    public RealOdoo Odoo { get; }

    public EveryEffectWorld Effects { get; }

    public InProcessHost Host { get; }

    public Api Api => Host.Api;

    /// <summary>Starts it.</summary>
    /// <param name="fileStores">The folder of file stores, as a setting says it; Odoo's own unless given.</param>
    /// <param name="program">What stands for Odoo's program; Odoo's own unless given.</param>
    public static async Task<OdooWorld> StartAsync(string? fileStores = null, string? program = null)
    {
        var odoo = await RealOdoo.GetAsync();
        var effects = await EveryEffectWorld.StartAsync();
        var settings = effects.Installation.Settings;
        settings["Seed:Server:Url"] = odoo.Server.Url.AbsoluteUri;
        settings["Seed:Templates:blank"] = RealOdoo.Template;
        settings["FileStore:Folder"] = fileStores ?? odoo.Server.FileStore;
        settings["Templates:OdooBin"] = program ?? odoo.Server.Program;
        return new OdooWorld(odoo, effects, await InProcessHost.StartAsync(effects.Installation));
    }

    /// <summary>A code that no other test has, of a tenant that goes with this world.</summary>
    public string NewCode()
    {
        var code = $"t{Guid.NewGuid().ToString("n")[..12]}";
        _codes.Add(code);
        return code;
    }

    /// <summary>Lets a tenant that the product names itself go with this world.</summary>
    public string Adopt(string code)
    {
        _codes.Add(code);
        return code;
    }

    /// <summary>Orders a tenant and waits until it is active.</summary>
    public async Task<string> OrderAsync(JsonObject? locale = null, string template = "blank")
    {
        var code = NewCode();
        await SucceedsAsync("/api/tenants", new JsonObject
        {
            ["code"] = code,
            ["name"] = "Chez Anna",
            ["offer"] = "odoo-shared",
            ["template"] = template,
            ["customerName"] = "Anna",
            ["customerEmail"] = "anna@example.com",
            ["locale"] = locale ?? new JsonObject { ["language"] = "fr_FR", ["timeZone"] = "Europe/Paris", ["currency"] = "EUR" },
        });
        return code;
    }

    /// <summary>Gives a command and waits until its job has succeeded.</summary>
    public async Task SucceedsAsync(string path, JsonObject command)
    {
        var (_, job, body) = await Api.TryPostAsync(path, command);
        Assert.True(job is not null, body.ToString());
        var end = await Api.EndOfAsync(job, seconds: 400);
        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
    }

    /// <summary>What a tenant's administrator and standard user sign in with.</summary>
    public async Task<(string Login, string Password)[]> RevealAsync(string code)
    {
        var (_, _, revealed) = await Api.TryPostAsync($"/api/tenants/{code}/credentials/reveal", []);
        return [.. new[] { "administrator", "user" }.Select(who => (revealed[who]!["login"]!.GetValue<string>(), revealed[who]!["password"]!.GetValue<string>()))];
    }

    /// <summary>A browser at the tenant's address, through the proxy by TLS.</summary>
    public async Task<OdooVisitor> VisitAsync(string code) => new(new Uri($"https://{Effects.HostOf(code)}/"), await Effects.WayAsync());

    /// <summary>Files that attachments name and the store has not.</summary>
    /// <param name="database">A live database.</param>
    public Task<IReadOnlyList<string>> MissingFilesAsync(string database) => MissingFilesAsync(Odoo.Postgres, Odoo.Server, database);

    /// <summary>The same on another server.</summary>
    public static async Task<IReadOnlyList<string>> MissingFilesAsync(EmbeddedPostgres postgres, OdooServer server, string database)
    {
        await using var connection = new NpgsqlConnection(Sql.OtherDatabase(postgres.SuperuserConnectionString, database));
        await connection.OpenAsync();

        await using var command = new NpgsqlCommand("select distinct store_fname from public.ir_attachment where store_fname is not null", connection);
        await using var reader = await command.ExecuteReaderAsync();
        var names = new List<string>();
        while (await reader.ReadAsync())
        {
            names.Add(reader.GetString(0));
        }

        Assert.NotEmpty(names);
        return [.. names.Where(name => !File.Exists(Path.Combine(server.FileStore, database, name)))];
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        foreach (var code in _codes)
        {
            await Effects.Installation.DropAsync(code);
            if (Directory.Exists(Path.Combine(Odoo.Server.FileStore, code)))
            {
                Directory.Delete(Path.Combine(Odoo.Server.FileStore, code), recursive: true);
            }
        }

        await Effects.DisposeAsync();
    }
}
