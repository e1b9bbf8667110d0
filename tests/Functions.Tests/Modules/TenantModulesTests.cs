using System.Net;
using System.Text.Json;
using Bibind.Functions.Tests.Hosting;
using Bibind.Functions.Tests.Usage;
using Xunit;

namespace Bibind.Functions.Tests.Modules;

/// <summary>Modules and themes by the API: what is shown, what is refused before anything happens, and what becomes a job, once.</summary>
public sealed class TenantModulesTests(PostgresServer postgres, UsageHost fixture) : UsageWorld(postgres, fixture), IClassFixture<UsageHost>
{
    private const string Application =
        """
        create table ir_module_module (id serial primary key, name varchar, state varchar(16), latest_version varchar, shortdesc jsonb, application boolean);
        create table ir_module_module_dependency (id serial primary key, module_id integer, name varchar);
        create table ir_model_data (id serial primary key, module varchar, name varchar, model varchar, res_id integer);
        create table res_company (id serial primary key, primary_color varchar, secondary_color varchar, font varchar);
        insert into res_company (font) values ('Lato');
        insert into ir_model_data (module, name, model, res_id) values ('base', 'main_company', 'res.company', 1);
        insert into ir_module_module (name, state, latest_version, shortdesc, application) values
          ('base', 'installed', '19.0.1.3', '{"en_US": "Base", "fr_FR": "La base"}', false), ('web', 'installed', '19.0.1.0', '{"en_US": "Web"}', false),
          ('mail', 'installed', '19.0.1.0', '{"en_US": "Discuss"}', true), ('portal', 'installed', '19.0.1.0', '{"en_US": "Portal"}', false),
          ('contacts', 'uninstalled', null, '{"en_US": "Contacts"}', true), ('calendar', 'uninstalled', null, '["no object"]', true),
          ('sale', 'uninstalled', null, '{"en_US": "Sales"}', true), ('hr_payroll', 'uninstallable', null, null, null), ('it''s; drop table', 'uninstalled', null, '"‮evil"', null);
        insert into ir_module_module_dependency (module_id, name)
        select m.id, d.name from (values ('web', 'base'), ('mail', 'web'), ('portal', 'mail'), ('contacts', 'mail'), ('calendar', 'contacts'), ('sale', 'portal')) d (module, name)
        join ir_module_module m on m.name = d.module;
        """;

    [Fact]
    public async Task Modules_are_shown_as_the_tenants_database_says_them_with_who_wanted_them()
    {
        await AddAsync("shown", Application);
        await Host.ExecuteAsync(
            """
            insert into control.tenant_modules (tenant_id, module, active, changed_by, job_id, changed_at)
            select id, 'mail', true, 'sales', 'change-modules-shown-1', now() from control.tenants where code = 'shown'
            """);

        var all = await ItemsAsync("/api/tenants/shown/modules?pageSize=200");

        Assert.Equal(9, all.Count);
        var mail = all.Single(m => m.GetProperty("name").GetString() == "mail");
        Assert.Equal(
            ("Discuss", "installed", "19.0.1.0", true, true, "order", "sales"),
            (Text(mail, "title"), Text(mail, "state"), Text(mail, "version"), mail.GetProperty("application").GetBoolean(), mail.GetProperty("allowed").GetBoolean(), Text(mail, "activatedBy"),
                Text(mail.GetProperty("lastOrder"), "by")));
        var calendar = all.Single(m => m.GetProperty("name").GetString() == "calendar");
        Assert.Equal((null, "uninstalled", null), (Text(calendar, "title"), Text(calendar, "state"), Text(calendar, "activatedBy")));
        Assert.Contains(all, m => m.GetProperty("name").GetString() == "it's; drop table");
        Assert.Equal(["base", "mail", "portal"], (await ItemsAsync("/api/tenants/shown/modules?state=installed&search=a")).Select(m => Text(m, "name")));
        using var page = await Host.GetAsync("/api/tenants/shown/modules?page=2&pageSize=4");
        var second = await ApiHost.JsonAsync(page);
        Assert.Equal((4, 9), (second.GetProperty("items").GetArrayLength(), second.GetProperty("total").GetInt32()));
    }

    [Fact]
    public async Task What_cannot_be_is_refused_in_words_before_anything_happens()
    {
        await AddAsync("refused", Application);
        var before = await Host.CountRowsAsync();

        var problem = await RefusedAsync(
            "refused", """{"activate": ["contcts", "hr_payroll", "zzzzzzzzzz"], "deactivate": ["web", "mail", "nothing_like_it"]}""", HttpStatusCode.UnprocessableEntity, "invalid-command");

        var errors = problem.GetProperty("errors");
        Assert.Contains("it knows 'contacts'", errors.GetProperty("activate[0]")[0].GetString(), StringComparison.Ordinal);
        Assert.Contains("cannot be installed", errors.GetProperty("activate[1]")[0].GetString(), StringComparison.Ordinal);
        Assert.Contains("GET /api/tenants/{code}/modules", errors.GetProperty("activate[2]")[0].GetString(), StringComparison.Ordinal);
        Assert.Contains("stays; on it depend mail, portal", errors.GetProperty("deactivate[0]")[0].GetString(), StringComparison.Ordinal);
        Assert.Contains("is needed by portal: name it too", errors.GetProperty("deactivate[1]")[0].GetString(), StringComparison.Ordinal);
        await RefusedAsync("refused", """{}""", HttpStatusCode.UnprocessableEntity, "invalid-command");
        await RefusedAsync("refused", """{"activate": ["sale"], "deactivate": ["sale"]}""", HttpStatusCode.UnprocessableEntity, "invalid-command");
        await RefusedAsync("nobody-there", """{"activate": ["sale"]}""", HttpStatusCode.NotFound, "not-found");

        await RunInAsync("refused", "update ir_module_module set state = 'to install' where name = 'sale'");
        problem = await RefusedAsync("refused", """{"activate": ["contacts"]}""", HttpStatusCode.Conflict, "modules-half-way");
        Assert.Contains("(sale)", Text(problem, "detail"), StringComparison.Ordinal);
        Assert.Equal(before, await Host.CountRowsAsync());
    }

    [Fact]
    public async Task A_plan_allows_what_it_lists_as_it_was_sold()
    {
        await Host.ExecuteAsync("update control.plans set allowed_modules = '{contacts}' where code = 'starter'");
        await AddAsync("limited", Application);
        await Host.ExecuteAsync("update control.plans set allowed_modules = null where code = 'starter'");

        var problem = await RefusedAsync("limited", """{"activate": ["sale", "contacts"]}""", HttpStatusCode.UnprocessableEntity, "invalid-command");

        Assert.Equal("is not among the modules that the tenant's plan allows: contacts", problem.GetProperty("errors").GetProperty("activate[0]")[0].GetString());
        Assert.False(problem.GetProperty("errors").TryGetProperty("activate[1]", out _));
        Assert.Equal(["contacts"], (await ItemsAsync("/api/tenants/limited/modules")).Where(m => m.GetProperty("allowed").GetBoolean()).Select(m => Text(m, "name")));
    }

    [Fact]
    public async Task An_order_is_a_job_once_for_its_key_and_a_dry_run_is_none()
    {
        await AddAsync("ordered", Application);
        const string Command = """{"activate": ["calendar", "mail"], "deactivate": ["portal"]}""";
        using var dry = await Host.SendAsync(HttpMethod.Post, "/api/tenants/ordered/modules", ApiHost.ManagerToken, Command.Replace("}", """, "dryRun": true}""", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, dry.StatusCode);
        var preview = await ApiHost.JsonAsync(dry);
        Assert.Equal(
            ("calendar", "contacts", "portal", "mail"), (Only(preview, "activate"), Only(preview, "alsoActivate"), Only(preview, "deactivate"), Only(preview, "alreadySo")));

        using var answer = await Host.SendAsync(HttpMethod.Post, "/api/tenants/ordered/modules", ApiHost.ManagerToken, Command, idempotencyKey: "modules-1");
        await RunInAsync("ordered", "drop table ir_module_module");
        using var again = await Host.SendAsync(HttpMethod.Post, "/api/tenants/ordered/modules", ApiHost.ManagerToken, Command, idempotencyKey: "modules-1");

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (answer.StatusCode, again.StatusCode));
        Assert.Equal(answer.Headers.Location, again.Headers.Location);
        Assert.Equal("upgrading", Text(await TenantAsync("ordered"), "state"));
        Assert.Equal("ChangeModules", (await Host.Tasks.GetInstanceAsync(answer.Headers.Location!.OriginalString.Split('/')[^1], Token))?.Name);
        var problem = await RefusedAsync("ordered", Command, HttpStatusCode.Conflict, "modules-unreadable");
        Assert.Contains("ir_module_module is not the application's plain table", Text(problem, "detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_several_orders_at_once_one_is_taken()
    {
        await AddAsync("several-modules", Application);

        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ =>
            Host.SendAsync(HttpMethod.Post, "/api/tenants/several-modules/modules", ApiHost.ManagerToken, """{"activate": ["contacts"]}""")));

        Assert.Single(answers, a => a.StatusCode == HttpStatusCode.Accepted);
        Assert.All(answers.Where(a => a.StatusCode != HttpStatusCode.Accepted), a => Assert.Equal(HttpStatusCode.Conflict, a.StatusCode));
    }

    [Fact]
    public async Task Themes_are_the_offers_and_what_is_chosen_is_one_of_them()
    {
        await AddAsync("themed", Application);
        await Host.ExecuteAsync("""update control.offers set themes = '[{"name": "ocean", "primaryColor": "#017e84", "secondaryColor": "#714b67"}]' where code = 'odoo-shared'""");

        using var shown = await Host.GetAsync("/api/tenants/themed/theme");
        var theme = await ApiHost.JsonAsync(shown);
        Assert.Equal((JsonValueKind.Null, "Lato"), (theme.GetProperty("theme").ValueKind, Text(theme.GetProperty("look"), "font")));
        Assert.Equal("ocean", Text(Assert.Single(theme.GetProperty("themes").EnumerateArray()), "name"));

        using var unknown = await Host.SendAsync(HttpMethod.Put, "/api/tenants/themed/theme", ApiHost.ManagerToken, """{"theme": "oceans"}""");
        ProblemAssert.Names(await ProblemAssert.IsAsync(unknown, HttpStatusCode.UnprocessableEntity, "invalid-command"), "theme", "'ocean'");
        using var missing = await Host.SendAsync(HttpMethod.Put, "/api/tenants/themed/theme", ApiHost.ManagerToken, """{}""");
        ProblemAssert.Names(await ProblemAssert.IsAsync(missing, HttpStatusCode.UnprocessableEntity, "invalid-command"), "theme", "is missing");
        using var chosen = await Host.SendAsync(HttpMethod.Put, "/api/tenants/themed/theme", ApiHost.ManagerToken, """{"theme": "ocean"}""");
        Assert.Equal(HttpStatusCode.Accepted, chosen.StatusCode);
    }

    [Fact]
    public async Task A_version_of_a_plan_and_of_an_offer_keeps_modules_and_themes()
    {
        using var plan = await Host.SendAsync(
            HttpMethod.Patch, "/api/plans/enterprise", ApiHost.AdminToken, """{"allowedModules": ["sale", "crm"], "reason": "less"}""", ifMatch: "\"1\"");
        using var offer = await Host.SendAsync(
            HttpMethod.Patch, "/api/offers/odoo-host", ApiHost.AdminToken,
            """{"themes": [{"name": "ocean", "primaryColor": "#017e84", "secondaryColor": "#714b67", "font": "Roboto"}], "reason": "looks"}""", ifMatch: "\"1\"");
        using var ugly = await Host.SendAsync(
            HttpMethod.Patch, "/api/offers/odoo-host", ApiHost.AdminToken,
            """{"themes": [{"name": "O", "primaryColor": "red", "secondaryColor": "#71", "font": "Comic"}], "reason": "looks"}""", ifMatch: "\"2\"");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (plan.StatusCode, offer.StatusCode));
        Assert.Equal(2, (await ItemsAsync("/api/plans/enterprise/versions"))[0].GetProperty("allowedModules").GetArrayLength());
        Assert.Equal("Roboto", Text((await ItemsAsync("/api/offers/odoo-host/versions"))[0].GetProperty("themes")[0], "font"));
        var problem = await ProblemAssert.IsAsync(ugly, HttpStatusCode.UnprocessableEntity, "invalid-command");
        Assert.Equal(
            ["themes[0].name", "themes[0].primaryColor", "themes[0].secondaryColor", "themes[0].font"], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
    }

    private async Task<JsonElement> RefusedAsync(string code, string command, HttpStatusCode status, string kind)
    {
        using var answer = await Host.SendAsync(HttpMethod.Post, $"/api/tenants/{code}/modules", ApiHost.ManagerToken, command);
        return await ProblemAssert.IsAsync(answer, status, kind);
    }

    private static string? Text(JsonElement item, string member) => item.GetProperty(member).GetString();

    private static string? Only(JsonElement item, string member) => Assert.Single(item.GetProperty(member).EnumerateArray()).GetString();
}
