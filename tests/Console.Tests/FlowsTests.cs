using Bibind.Functions.Tests.Hosting;
using Microsoft.Playwright;
using Xunit;

namespace Bibind.WebConsole.Tests;

/// <summary>What people do here, from the first click to the end.</summary>
public sealed class FlowsTests(ConsoleSite site)
{
    [Fact]
    public async Task A_tenant_is_ordered_and_its_job_watched_until_it_has_ended()
    {
        await using var visitor = await site.VisitAsync(ApiHost.ManagerToken);
        visitor.Expect("422");
        var page = visitor.Page;
        await visitor.GoAsync("/console");
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Order a tenant" }).ClickAsync();
        await page.GetByLabel("Code").FillAsync("Not a code");
        await page.GetByLabel("Company").FillAsync("Wayne Enterprises");
        await page.GetByLabel("Offer").SelectOptionAsync("odoo-shared");
        await page.Locator("form.act button[type=submit]").ClickAsync();

        // What is wrong stands beside its field, and what was typed stays.
        await page.Locator("#field-code-wrong").WaitForAsync();
        Assert.Equal("true", await page.GetByLabel("Code").GetAttributeAsync("aria-invalid"));
        Assert.Equal("Wayne Enterprises", await page.GetByLabel("Company").InputValueAsync());
        await visitor.CheckAccessibilityAsync();

        await page.GetByLabel("Code").FillAsync("wayne");
        await page.Locator("form.act button[type=submit]").ClickAsync();
        await page.WaitForURLAsync("**/console/jobs/provision-wayne-*", new PageWaitForURLOptions { WaitUntil = WaitUntilState.Commit });
        await Assertions.Expect(page.Locator("#job-live .job-state .state").First).ToHaveTextAsync("running");
        await visitor.CheckAccessibilityAsync();

        var job = Uri.UnescapeDataString(page.Url[(page.Url.LastIndexOf('/') + 1)..]);
        await site.Host.Tasks.RaiseEventAsync(job, ScriptedOrchestrators.End, "");

        // Nobody loads the page again.
        await Assertions.Expect(page.Locator("#job-live .job-state .state").First).ToHaveTextAsync("succeeded", new LocatorAssertionsToHaveTextOptions { Timeout = 60_000 });
        await visitor.GoAsync("/console/tenants/wayne");
        Assert.Contains("Wayne Enterprises", await visitor.TextAsync(), StringComparison.Ordinal);
        visitor.CheckFaults();
    }

    [Fact]
    public async Task A_step_that_failed_is_shown_with_its_attempts_and_reason()
    {
        var job = await site.Host.OrderTenantAsync($"{ScriptedOrchestrators.FailingPrefix}-shown");
        await site.Host.WaitAsync($"/api/jobs/{job}", j => j.GetProperty("state").GetString() == "failed");
        await using var visitor = await site.VisitAsync();
        await visitor.GoAsync($"/console/jobs/{job}");

        var text = await visitor.TextAsync();
        Assert.Contains("routing.publish", text, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("could not be published", text, StringComparison.Ordinal);
        Assert.Contains("×2", text, StringComparison.Ordinal);
        await visitor.CheckAccessibilityAsync();
        await visitor.ShootAsync("job-failed-light");
        await visitor.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "with errors" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".step")).Not.ToHaveCountAsync(0);
        await visitor.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "every event" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".events li")).Not.ToHaveCountAsync(0);
        visitor.CheckFaults();
    }

    [Theory]
    [InlineData("/console")]
    [InlineData("/console/tenants")]
    [InlineData("/console/tenants/acme")]
    [InlineData("/console/tenants/acme/backups")]
    [InlineData("/console/jobs?state=failed")]
    [InlineData("/console/jobs/hostile-1")]
    [InlineData("/console/servers/local")]
    [InlineData("/console/templates/blank")]
    [InlineData("/console/findings")]
    public async Task A_viewer_sees_no_buttons_that_change_anything(string path)
    {
        await using var visitor = await site.VisitAsync(ApiHost.ViewerToken);
        Assert.Equal(200, await visitor.GoAsync(path));
        Assert.Equal(0, await visitor.Page.Locator("main form[method=post]:not(.own)").CountAsync());
        Assert.Equal(0, await visitor.Page.Locator("main a[href*='/do/']").CountAsync());
        visitor.CheckFaults();
    }

    [Theory]
    [InlineData("/console/do/tenants/order")]
    [InlineData("/console/do/tenants/acme/suspend")]
    [InlineData("/console/do/jobs/hostile-1/retry")]
    [InlineData("/console/settings")]
    [InlineData("/console/audit")]
    public async Task A_viewer_who_goes_there_all_the_same_is_refused(string path)
    {
        await using var visitor = await site.VisitAsync(ApiHost.ViewerToken);
        visitor.Expect("403");
        visitor.Expect("404");
        visitor.Expect("405");
        Assert.Equal(403, await visitor.GoAsync(path));
        Assert.Contains("role", await visitor.TextAsync(), StringComparison.Ordinal);

        // Also whoever makes the form themselves, out of one that they may send.
        var status = await visitor.Page.EvaluateAsync<int>(
            """
            async path => {
              const token = document.querySelector('input[name=RequestVerificationToken]').value;
              const answer = await fetch(path, { method: 'POST', body: new URLSearchParams({ RequestVerificationToken: token, _code: 'acme', cause: 'operator', reason: 'x' }) });
              return answer.status;
            }
            """, path);
        Assert.Contains(status, new[] { 403, 404, 405 });
        Assert.Equal("active", await site.Host.ScalarAsync<string>("select state from control.tenants where code = 'acme'"));
        visitor.CheckFaults();
    }

    [Fact]
    public async Task What_takes_away_needs_the_code_typed()
    {
        await site.Host.OrderTenantAsync("doomed");
        await site.Host.ExecuteAsync("update control.tenants set state = 'active' where code = 'doomed'; update control.jobs set finished_at = now(), outcome = 'succeeded' where tenant_code = 'doomed'");
        await using var visitor = await site.VisitAsync();
        visitor.Expect("422");
        var page = visitor.Page;
        await visitor.GoAsync("/console/tenants/doomed/danger");
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Destroy" }).ClickAsync();
        await page.Locator("#field-code-typed").FillAsync("acme");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Destroy" }).ClickAsync();
        await page.Locator("#field-code-wrong").WaitForAsync();
        Assert.Equal("active", await site.Host.ScalarAsync<string>("select state from control.tenants where code = 'doomed'"));

        await page.Locator("#field-code-typed").FillAsync("doomed");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Destroy" }).ClickAsync();
        await page.WaitForURLAsync("**/console/jobs/destroy-doomed-*", new PageWaitForURLOptions { WaitUntil = WaitUntilState.Commit });
        Assert.Equal("terminating", await site.Host.ScalarAsync<string>("select state from control.tenants where code = 'doomed'"));

        // Who did it stands in the audit, once.
        Assert.Equal(1, await site.Host.ScalarAsync<long>("select count(*) from control.audit where action like 'DELETE /api/tenants%'"));
        Assert.Equal(0, await site.Host.ScalarAsync<long>("select count(*) from control.audit where action like '%/console/do%'"));
        visitor.CheckFaults();
    }

    [Fact]
    public async Task A_tenant_is_edited_from_what_it_is_and_not_over_somebody_elses_change()
    {
        await site.Host.OrderTenantAsync("edited");
        await using var visitor = await site.VisitAsync();
        visitor.Expect("412");
        var page = visitor.Page;
        await visitor.GoAsync("/console/do/tenants/edited/change");
        Assert.Equal("Acme Ltd", await page.GetByLabel("Company").InputValueAsync());
        using (var change = await site.Host.SendAsync(HttpMethod.Patch, "/api/tenants/edited", ApiHost.AdminToken, """{"name": "Somebody else's"}""", ifMatch: "*"))
        {
            change.EnsureSuccessStatusCode();
        }

        await page.GetByLabel("Company").FillAsync("Mine");
        await page.Locator("form.act button[type=submit]").ClickAsync();
        await page.Locator(".problem").WaitForAsync();
        Assert.Equal("Somebody else's", await site.Host.ScalarAsync<string>("select name from control.tenants where code = 'edited'"));

        await visitor.GoAsync("/console/do/tenants/edited/change");
        await page.GetByLabel("Company").FillAsync("Mine");
        await page.Locator("form.act button[type=submit]").ClickAsync();
        await page.Locator(".done").WaitForAsync();
        Assert.Equal("Mine", await site.Host.ScalarAsync<string>("select name from control.tenants where code = 'edited'"));

        await visitor.GoAsync("/console/do/tenants/edited/change");
        Assert.Equal("", (await page.GetByLabel("Maintenance window").InputValueAsync()).Trim());
        await page.GetByLabel("Maintenance window").FillAsync("""{"from": "22:00", "until": "04:00", "days": ["saturday"], "timeZone": "Europe/Paris"}""");
        await page.Locator("form.act button[type=submit]").ClickAsync();
        await page.Locator(".done").WaitForAsync();
        Assert.Equal("Europe/Paris", await site.Host.ScalarAsync<string>("select maintenance_window ->> 'timeZone' from control.tenants where code = 'edited'"));
        await visitor.GoAsync("/console/do/tenants/edited/change");
        Assert.Contains("saturday", await page.GetByLabel("Maintenance window").InputValueAsync(), StringComparison.Ordinal);
        await page.GetByLabel("Maintenance window").FillAsync("");
        await page.Locator("form.act button[type=submit]").ClickAsync();
        await page.Locator(".done").WaitForAsync();
        Assert.True(await site.Host.ScalarAsync<bool>("select maintenance_window is null from control.tenants where code = 'edited'"));
        visitor.CheckFaults();
    }

    [Fact]
    public async Task A_parked_message_is_corrected_and_replayed()
    {
        await site.Host.ExecuteAsync(
            """
            insert into control.billing_inbox (id, type, tenant, sequence, occurred_at, data, state, cause, reason, deliveries, received_at, updated_at)
            values ('evt-parked', 'nonsense', 'acme', 9, now(), '{"plan": 1}', 'parked', 'unknown-type', 'Nobody knows what ''nonsense'' is.', 1, now(), now())
            """);
        await using var visitor = await site.VisitAsync();
        visitor.Expect("422");
        var page = visitor.Page;
        await visitor.GoAsync("/console/billing?state=parked");
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "nonsense" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Edit" }).ClickAsync();
        await page.GetByLabel("Data").FillAsync("{ this is no JSON");
        await page.GetByLabel("Reason").FillAsync("It was mistyped.");
        await page.Locator("form.act button[type=submit]").ClickAsync();
        await page.Locator("#field-data-wrong").WaitForAsync();
        await page.GetByLabel("Type").FillAsync("subscription.resumed");
        await page.GetByLabel("Data").FillAsync("""{"reason": "corrected"}""");
        await page.Locator("form.act button[type=submit]").ClickAsync();
        await page.Locator(".done").WaitForAsync();
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Replay" }).ClickAsync();
        await page.Locator(".done").WaitForAsync();
        Assert.NotEqual("parked", await site.Host.ScalarAsync<string>("select state from control.billing_inbox where id = 'evt-parked'"));
        visitor.CheckFaults();
    }

    [Fact]
    public async Task Language_and_colours_are_chosen_and_kept()
    {
        await using var visitor = await site.VisitAsync();
        var page = visitor.Page;
        await visitor.GoAsync("/console/tenants?state=active");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Français" }).ClickAsync();
        await Assertions.Expect(page.Locator("html")).ToHaveAttributeAsync("lang", "fr");
        Assert.EndsWith("/console/tenants?state=active", page.Url, StringComparison.Ordinal);
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Sombre" }).ClickAsync();
        await Assertions.Expect(page.Locator("html")).ToHaveAttributeAsync("data-bs-theme", "dark");
        await visitor.GoAsync("/console");
        Assert.Equal("fr", await page.Locator("html").GetAttributeAsync("lang"));
        visitor.CheckFaults();
    }

    [Fact]
    public async Task Everything_can_be_reached_by_keyboard()
    {
        await using var visitor = await site.VisitAsync();
        var page = visitor.Page;
        await visitor.GoAsync("/console/jobs");
        await page.Keyboard.PressAsync("Tab");
        Assert.Equal("Skip to the content", await page.EvaluateAsync<string>("document.activeElement.textContent"));
        await page.Keyboard.PressAsync("Enter");
        await page.Keyboard.PressAsync("Tab");
        Assert.True(await page.EvaluateAsync<bool>("document.getElementById('content').contains(document.activeElement)"));
        visitor.CheckFaults();
    }
}
