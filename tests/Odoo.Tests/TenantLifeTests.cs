using System.Text.Json.Nodes;
using Bibind.Local.RealServers;

namespace Bibind.Odoo.Tests;

/// <summary>What Odoo itself says of tenants of ours, from the order to the removal.</summary>
public sealed class TenantLifeTests
{
    [Fact]
    public async Task Odoo_has_the_order_s_company_currency_country_language_zone_and_address()
    {
        await using var world = await OdooWorld.StartAsync();
        var code = await world.OrderAsync(new JsonObject
        {
            ["language"] = "de_DE",
            ["timeZone"] = "Europe/Berlin",
            ["currency"] = "EUR",
            ["country"] = "DE",
            ["vat"] = "DE136695976",
        });
        var people = await world.RevealAsync(code);

        var session = await world.Odoo.Client.SignInAsync(code, people[0].Login, people[0].Password);
        var company = Assert.Single(await session.FindAsync("res.company", [], ["name", "currency_id", "country_id", "vat", "email"]));
        var users = await session.FindAsync("res.users", [new JsonArray("share", "=", false)], ["login", "lang", "tz"]);

        Assert.Equal("Chez Anna", company["name"]!.GetValue<string>());
        Assert.Equal("EUR", company["currency_id"]![1]!.GetValue<string>());
        Assert.Equal("DE", await CodeAsync(session, "res.country", company["country_id"]![0]!));
        Assert.Equal("DE136695976", company["vat"]!.GetValue<string>());
        Assert.Equal(people.Select(p => p.Login).Order(StringComparer.Ordinal), users.Select(u => u["login"]!.GetValue<string>()).Order(StringComparer.Ordinal));
        Assert.All(users, user => Assert.Equal("de_DE Europe/Berlin", $"{user["lang"]} {user["tz"]}"));
        Assert.Equal($"https://{world.Effects.HostOf(code)}", await ParameterAsync(session, "web.base.url"));
        Assert.Equal("True", await ParameterAsync(session, "web.base.url.freeze"));
    }

    [Fact]
    public async Task People_sign_in_through_the_proxy_with_what_was_revealed_and_crons_wait_their_turn()
    {
        await using var world = await OdooWorld.StartAsync();
        var ordered = DateTime.UtcNow;
        var code = await world.OrderAsync();

        foreach (var (login, password) in await world.RevealAsync(code))
        {
            using var visitor = await world.VisitAsync(code);
            var signedIn = await visitor.SignInAsync(login, password);
            Assert.Equal(code, signedIn!["db"]!.GetValue<string>());
            Assert.Equal(login, signedIn["username"]!.GetValue<string>());
            Assert.Equal("fr_FR", signedIn["user_context"]!["lang"]!.GetValue<string>());
            Assert.Null(await visitor.SignInAsync(login, password + "x"));
        }

        Assert.Empty(await world.MissingFilesAsync(code));
        await using var database = world.Effects.Installation.OpenTenant(code);
        await using var early = database.CreateCommand("select count(*) from public.ir_cron where active and lastcall is not null and lastcall < $1");
        early.Parameters.AddWithValue(DateTime.SpecifyKind(ordered.AddMinutes(-1), DateTimeKind.Unspecified));
        Assert.Equal(0L, await early.ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_backup_becomes_a_new_tenant_whose_people_sign_in_with_passwords_of_its_own()
    {
        await using var world = await OdooWorld.StartAsync();
        var code = await world.OrderAsync();
        var former = await world.RevealAsync(code);
        var session = await world.Odoo.Client.SignInAsync(code, former[0].Login, former[0].Password);
        await session.CreateAsync("res.partner", new JsonObject { ["name"] = "A customer of the original" });
        await world.SucceedsAsync($"/api/tenants/{code}/backups", []);
        var backup = (await world.Api.GetAsync($"/api/tenants/{code}/backups"))["items"]![0]!["id"]!.GetValue<string>();
        var copy = world.NewCode();

        await world.SucceedsAsync($"/api/backups/{backup}/restore", new JsonObject { ["newTenant"] = new JsonObject { ["code"] = copy } });

        var people = await world.RevealAsync(copy);
        using var visitor = await world.VisitAsync(copy);
        Assert.Null(await visitor.SignInAsync(former[0].Login, former[0].Password));
        Assert.Equal(copy, (await visitor.SignInAsync(people[0].Login, people[0].Password))!["db"]!.GetValue<string>());
        Assert.Equal(people[1].Login, (await (await world.VisitAsync(copy)).SignInAsync(people[1].Login, people[1].Password))!["username"]!.GetValue<string>());
        var inside = await world.Odoo.Client.SignInAsync(copy, people[0].Login, people[0].Password);
        Assert.Single(await inside.FindAsync("res.partner", [new JsonArray("name", "=", "A customer of the original")], ["name"]));
        Assert.Equal($"https://{world.Effects.HostOf(copy)}", await ParameterAsync(inside, "web.base.url"));
        Assert.Empty(await world.MissingFilesAsync(copy));
    }

    [Fact]
    public async Task A_tenant_that_is_in_use_is_removed_from_PostgreSQL_Odoo_and_the_file_store()
    {
        await using var world = await OdooWorld.StartAsync();
        var code = await world.OrderAsync();
        var people = await world.RevealAsync(code);
        using var visitor = await world.VisitAsync(code);
        Assert.NotNull(await visitor.SignInAsync(people[0].Login, people[0].Password));

        var end = await world.Api.EndOfAsync(await world.Api.DestroyAsync(code, finalBackup: false), seconds: 120);

        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        Assert.All(end["inventory"]!["items"]!.AsArray(), item => Assert.Equal("absent", item!["state"]!.GetValue<string>()));
        await world.Effects.AssertNothingIsLeftAsync();
        Assert.False(Directory.Exists(Path.Combine(world.Odoo.Server.FileStore, code)));
        await Assert.ThrowsAsync<OdooCallException>(() => world.Odoo.Client.SignInAsync(code, people[0].Login, people[0].Password));
    }

    private static async Task<string> CodeAsync(OdooSession session, string model, JsonNode id) =>
        (await session.FindAsync(model, [new JsonArray("id", "=", id.DeepClone())], ["code"])).Single()["code"]!.GetValue<string>();

    private static async Task<string?> ParameterAsync(OdooSession session, string key) =>
        (await session.CallAsync("ir.config_parameter", "get_param", [key]))?.ToString();
}
