using System.Net;
using System.Text.Json.Nodes;
using Bibind.Local;
using Npgsql;

namespace Bibind.Odoo.Tests;

/// <summary>Two tenants of one template at the real Odoo: one gets modules and a theme and loses them again, the other never sees any of it.</summary>
public sealed class TenantModulesTests
{
    private const string Colors = "select primary_color || ' ' || secondary_color || ' ' || font from res_company order by id limit 1";

    [Fact]
    public async Task What_one_tenant_installs_is_in_no_other_and_goes_again()
    {
        await using var world = await OdooWorld.StartAsync();
        var (code, other) = (await world.OrderAsync(), await world.OrderAsync());
        await ExecuteAsync(world.Effects.Installation.Control,
            """update control.offers set themes = '[{"name": "ocean", "primaryColor": "#017e84", "secondaryColor": "#714b67", "font": "Roboto"}]'""");
        var before = await ModulesAsync(world, other);
        var people = await world.RevealAsync(code);

        // An unknown one is refused before anything happens.
        var (status, _, problem) = await world.Api.TryPostAsync($"/api/tenants/{code}/modules", new JsonObject { ["activate"] = new JsonArray("contact") });
        Assert.True(status == HttpStatusCode.UnprocessableEntity, problem.ToString());
        Assert.Contains("'contacts'", (string?)problem["errors"]!["activate[0]"]![0], StringComparison.Ordinal);
        (status, _, problem) = await world.Api.TryPostAsync($"/api/tenants/{code}/modules", new JsonObject { ["deactivate"] = new JsonArray("web", "mail") });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Contains("portal", (string?)problem["errors"]!["deactivate[1]"]![0], StringComparison.Ordinal);

        var changed = await ChangeAsync(world, code, new JsonObject { ["activate"] = new JsonArray("contacts", "calendar") });

        TestContext.Current.SendDiagnosticMessage($"installed in {changed["result"]!["outageMs"]} ms, with {changed["result"]!["alsoActivated"]}");
        var listed = (await world.Api.GetAsync($"/api/tenants/{code}/modules?search=contacts"))["items"]!.AsArray().Single(m => (string?)m!["name"] == "contacts")!;
        Assert.Equal(("installed", "order", "Contacts"), ((string?)listed["state"], (string?)listed["activatedBy"], (string?)listed["title"]));
        Assert.Equal("template", (string?)(await world.Api.GetAsync($"/api/tenants/{code}/modules?search=portal"))["items"]!.AsArray().First(m => (string?)m!["name"] == "portal")!["activatedBy"]);
        var session = await world.Odoo.Client.SignInAsync(code, people[0].Login, people[0].Password);
        await session.CreateAsync("calendar.event", new JsonObject { ["name"] = "Tea", ["start"] = "2030-01-01 10:00:00", ["stop"] = "2030-01-01 11:00:00" });
        Assert.Equal(before, await ModulesAsync(world, other));
        Assert.False(await ScalarAsync<bool>(world, other, "select exists (select from pg_tables where tablename = 'calendar_event')"));
        Assert.Equal(0, await ScalarAsync<long>(world, code, "select count(*) from res_users_apikeys"));

        var (_, themed, body) = await world.Api.TrySendAsync(HttpMethod.Put, $"/api/tenants/{code}/theme", new JsonObject { ["theme"] = "ocean" });
        Assert.True(themed is not null, body.ToString());
        var end = await world.Api.EndOfAsync(themed, seconds: 300);
        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        Assert.Equal("#017e84 #714b67 Roboto", await ScalarAsync<string>(world, code, Colors));
        Assert.NotEqual("#017e84 #714b67 Roboto", await ScalarAsync<string?>(world, other, Colors));

        var removed = await ChangeAsync(world, code, new JsonObject { ["deactivate"] = new JsonArray("calendar", "contacts", "calendar_sms") });

        TestContext.Current.SendDiagnosticMessage($"uninstalled in {removed["result"]!["outageMs"]} ms");
        Assert.False(await ScalarAsync<bool>(world, code, "select exists (select from pg_tables where tablename = 'calendar_event')"));
        Assert.Equal(before, await ModulesAsync(world, other));

        // What came along by itself had to be named: nothing goes that nobody ordered.
        Assert.Equal(3, removed["result"]!["deactivated"]!.AsArray().Count);

        // The way back of an uninstallation is its backup.
        var restored = await world.Api.EndOfAsync(await world.Api.PostAsync($"/api/backups/{removed["result"]!["safetyBackupId"]}/restore"), seconds: 300);
        Assert.True((string?)restored["state"] == "succeeded", restored.ToString());
        session = await world.Odoo.Client.SignInAsync(code, people[0].Login, people[0].Password);
        Assert.Single(await session.FindAsync("calendar.event", [new JsonArray("name", "=", "Tea")], ["name"]));
        Assert.Empty(await world.MissingFilesAsync(code));
    }

    private static async Task<JsonObject> ChangeAsync(OdooWorld world, string code, JsonObject command)
    {
        var (_, job, body) = await world.Api.TryPostAsync($"/api/tenants/{code}/modules", command);
        Assert.True(job is not null, body.ToString());
        var end = await world.Api.EndOfAsync(job, seconds: 400);
        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        return end;
    }

    private static Task<string?> ModulesAsync(OdooWorld world, string code) => ScalarAsync<string?>(
        world, code, "select string_agg(name || ' ' || state || ' ' || coalesce(latest_version, ''), ',' order by name) from ir_module_module");

    private static async Task<T> ScalarAsync<T>(OdooWorld world, string code, string sql)
    {
        await using var connection = new NpgsqlConnection(Sql.OtherDatabase(world.Odoo.Postgres.SuperuserConnectionString, code));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync() is T value ? value : default!;
    }

    private static async Task ExecuteAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
