using System.Globalization;
using System.Text.Json.Nodes;
using Bibind.Local.RealServers;
using Bibind.Testing.Servers;
using Npgsql;
using Xunit;

namespace Bibind.Local.Tests;

public sealed class RealOdooTests
{
    [Fact]
    public async Task A_clone_of_the_template_signs_its_administrator_in()
    {
        var odoo = await RealOdoo.GetAsync();
        await using var database = await odoo.CloneAsync();
        using var visitor = odoo.Visit(database.Name);

        var session = await visitor.SignInAsync(RealOdoo.Administrator, RealOdoo.Administrator);

        Assert.Equal(database.Name, session!["db"]!.GetValue<string>());
        Assert.Null(await odoo.Visit(database.Name).SignInAsync(RealOdoo.Administrator, "wrong"));
    }

    [Fact]
    public async Task The_template_has_its_modules_languages_and_files()
    {
        var odoo = await RealOdoo.GetAsync();
        await using var database = await odoo.CloneAsync();

        var session = await database.SignInAsync();
        var languages = await session.FindAsync("res.lang", [], ["code"]);
        var modules = await session.FindAsync("ir.module.module", [new JsonArray("state", "=", "installed")], ["name"]);

        Assert.Equal(["de_DE", "en_US", "fr_FR"], languages.Select(l => l["code"]!.GetValue<string>()).Order(StringComparer.Ordinal));
        Assert.Superset(OdooRecipe.Small.Modules.ToHashSet(), modules.Select(m => m["name"]!.GetValue<string>()).ToHashSet());
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();
        await using var names = new NpgsqlCommand("select distinct store_fname from ir_attachment where store_fname is not null", connection);
        await using var reader = await names.ExecuteReaderAsync();
        var count = 0;
        while (await reader.ReadAsync())
        {
            Assert.True(File.Exists(Path.Combine(database.Files, reader.GetString(0))), reader.GetString(0));
            count++;
        }

        Assert.True(count > 10, count.ToString(CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task Odoo_never_runs_as_root_and_lists_no_databases()
    {
        var odoo = await RealOdoo.GetAsync();

        var refusal = await Assert.ThrowsAsync<OdooCallException>(() => odoo.Client.CallServiceAsync("db", "list", []));

        Assert.Contains("Access Denied", refusal.Message, StringComparison.OrdinalIgnoreCase);
        var user = (await File.ReadAllLinesAsync($"/proc/{odoo.Server.ProcessId}/status")).Single(l => l.StartsWith("Uid:", StringComparison.Ordinal));
        Assert.NotEqual("0", user.Split('\t')[1]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(odoo.Server.ConfigurationFile));
    }

    [Fact]
    public async Task Odoo_is_stopped_and_started_again_with_its_databases()
    {
        var odoo = await RealOdoo.GetAsync();
        await using var database = await odoo.CloneAsync();
        await using var server = await RealOdoo.StartAnotherAsync(options => options with { CronThreads = 0 });
        using var client = new OdooClient(server.Url);

        await server.StopAsync();
        await Assert.ThrowsAsync<HttpRequestException>(() => client.SignInAsync(database.Name, "admin", "admin"));
        await server.StartAgainAsync();

        Assert.True((await client.SignInAsync(database.Name, "admin", "admin")).UserId > 1);
    }
}
