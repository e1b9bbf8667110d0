using System.Net;
using System.Text.Json;
using Bibind.Functions.Tests.Hosting;
using Bibind.Local;
using Microsoft.Playwright;
using Xunit;

namespace Bibind.WebConsole.Tests;

/// <summary>A tenant's move from the console: first what speaks against it, then the order.</summary>
public sealed class MovesTests(ConsoleSite site)
{
    [Fact]
    public async Task What_speaks_against_a_move_is_seen_before_it_begins()
    {
        await site.Host.OrderTenantAsync("mover");
        await site.Host.ExecuteAsync(
            """
            update control.tenants set state = 'active', activated_at = now() where code = 'mover';
            update control.jobs set finished_at = now(), outcome = 'succeeded' where tenant_code = 'mover';
            """);
        await AddServerAsync("elsewhere");
        await using var visitor = await site.VisitAsync();
        var page = visitor.Page;
        await visitor.GoAsync("/console/tenants/mover/danger");
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Move", Exact = true }).ClickAsync();
        await page.Locator("#field-server").SelectOptionAsync("elsewhere");
        await page.Locator("#field-reason").FillAsync("More room");
        var send = page.Locator("form.act button[type=submit]");
        await Assertions.Expect(send).ToHaveTextAsync("Preview");
        await send.ClickAsync();

        // The tenant has no database in truth: that is found, and everything else is looked at all the same.
        var preview = page.Locator("section[aria-labelledby=preview]");
        await Assertions.Expect(preview).ToContainTextAsync("From local to elsewhere.");
        await Assertions.Expect(preview).ToContainTextAsync("It would fail now");
        await Assertions.Expect(preview.Locator("tbody tr")).ToHaveCountAsync(5);
        await Assertions.Expect(preview.Locator("tr", new LocatorLocatorOptions { HasText = "PostgreSQL where it is" }).Locator(".state-failed")).ToBeVisibleAsync();
        await Assertions.Expect(preview.Locator("tr", new LocatorLocatorOptions { HasText = "Backups" }).Locator(".state-done")).ToBeVisibleAsync();
        await visitor.CheckAccessibilityAsync();
        await visitor.ShootAsync("move-preview-light");
        await page.SetViewportSizeAsync(360, 740);
        await visitor.CheckWidthAsync();
        Assert.Equal(0, await site.Host.ScalarAsync<long>("select count(*) from control.tenant_moves"));
        Assert.Equal("active", await site.Host.ScalarAsync<string>("select state from control.tenants where code = 'mover'"));

        // What is changed after it was seen is seen again.
        await page.Locator("#field-reason").FillAsync("Much more room");
        await send.ClickAsync();
        await Assertions.Expect(preview).ToBeVisibleAsync();
        Assert.Equal(0, await site.Host.ScalarAsync<long>("select count(*) from control.tenant_moves"));
        await Assertions.Expect(send).ToHaveTextAsync("Move");
        await send.ClickAsync();
        await page.WaitForURLAsync("**/console/jobs/move-*", new PageWaitForURLOptions { WaitUntil = WaitUntilState.Commit });
        Assert.Equal("Much more room", await site.Host.ScalarAsync<string>("select reason from control.tenant_moves"));
        visitor.CheckFaults();
    }

    [Fact]
    public async Task The_checks_of_a_move_are_readable_in_French_without_scripts()
    {
        await site.Host.OrderTenantAsync("partant");
        await site.Host.ExecuteAsync(
            """
            update control.tenants set state = 'active', activated_at = now() where code = 'partant';
            update control.jobs set finished_at = now(), outcome = 'succeeded' where tenant_code = 'partant';
            """);
        await AddServerAsync("ailleurs");
        await using var visitor = await site.VisitAsync(configure: options => (options.JavaScriptEnabled, options.Locale) = (false, "fr-FR"));
        var page = visitor.Page;
        await visitor.GoAsync("/console/do/tenants/partant/move");
        await page.Locator("#field-server").SelectOptionAsync("ailleurs");
        await page.Locator("#field-reason").FillAsync("Plus de place");
        await page.Locator("form.act button[type=submit]").ClickAsync();

        var preview = page.Locator("section[aria-labelledby=preview]");
        await Assertions.Expect(preview).ToContainTextAsync("De local à ailleurs.");
        await Assertions.Expect(preview).ToContainTextAsync("PostgreSQL de destination");
        Assert.True(site.WithoutFrench.IsEmpty, $"There is no French for: {string.Join(" | ", site.WithoutFrench.Keys)}");
        visitor.CheckFaults();
    }

    private async Task AddServerAsync(string code)
    {
        var postgres = site.Host.Postgres.Postgres;
        using var added = await site.Host.SendAsync(HttpMethod.Post, "/api/servers", ApiHost.AdminToken, JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["code"] = code,
            ["name"] = code,
            ["url"] = $"http://{code}.example:1",
            ["databaseHost"] = "127.0.0.1",
            ["databasePort"] = postgres.Port,
            ["databaseUser"] = LocalServer.MaintenanceRole,
            ["databasePassword"] = postgres.PasswordOf(LocalServer.MaintenanceRole),
            ["applicationRole"] = LocalServer.ApplicationRole,
            ["applicationPassword"] = postgres.PasswordOf(LocalServer.ApplicationRole),
        }));
        Assert.Equal(HttpStatusCode.Created, added.StatusCode);
        using var active = await site.Host.SendAsync(
            HttpMethod.Post, $"/api/servers/{code}/activate", ApiHost.AdminToken, """{"skipApplicationTest": true, "reason": "No Odoo runs here."}""");
        Assert.Equal(HttpStatusCode.OK, active.StatusCode);
    }
}
