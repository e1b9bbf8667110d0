using Bibind.Functions.Tests.Hosting;
using Microsoft.Playwright;
using Xunit;

namespace Bibind.WebConsole.Tests;

/// <summary>What operators do besides tenants and jobs: forget, give access, keep views, bring releases, change what is sold.</summary>
public sealed class OperatingTests(ConsoleSite site)
{
    [Fact]
    public async Task The_overview_says_what_waits_for_a_worker()
    {
        await using var visitor = await site.VisitAsync(ApiHost.ViewerToken);
        await visitor.GoAsync("/console");
        Assert.Contains("Steps that wait for a worker", await visitor.TextAsync(), StringComparison.Ordinal);
        visitor.CheckFaults();
    }

    [Fact]
    public async Task Old_jobs_are_forgotten_after_a_preview_with_their_number()
    {
        await site.Host.OrderTenantAsync("forgetful");
        await site.Host.ExecuteAsync(
            """
            insert into control.jobs (id, kind, tenant_id, tenant_code, subject, requested_by, changing, created_at, finished_at, outcome)
            select 'old-' || n, 'backup', id, code, code, 'timer', false, now() - interval '900 days' + n * interval '1 hour', now() - interval '900 days' + n * interval '2 hours', 'succeeded'
            from control.tenants, generate_series(1, 5) n where code = 'forgetful'
            """);
        await using var visitor = await site.VisitAsync();
        var page = visitor.Page;
        await visitor.GoAsync("/console/settings");
        Assert.Contains("Jobs__Retention", await page.Locator("section[aria-labelledby=kept]").InnerTextAsync(), StringComparison.Ordinal);
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Forget old jobs" }).ClickAsync();
        await page.GetByLabel("Ended before").FillAsync(DateTime.UtcNow.AddDays(-500).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture));
        await page.GetByLabel("Tenant").FillAsync("forgetful");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Preview" }).ClickAsync();

        // The newest of a kind stays.
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("4 jobs would be forgotten");
        await visitor.CheckAccessibilityAsync();
        Assert.Equal(5, await site.Host.ScalarAsync<long>("select count(*) from control.jobs where id like 'old-%'"));
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Yes, forget 4" }).ClickAsync();
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("4 of 4 jobs were forgotten");
        Assert.Equal(1, await site.Host.ScalarAsync<long>("select count(*) from control.jobs where id like 'old-%'"));
        visitor.CheckFaults();
    }

    [Fact]
    public async Task Managers_do_not_forget_jobs()
    {
        await using var visitor = await site.VisitAsync(ApiHost.ManagerToken);
        visitor.Expect("403");
        Assert.Equal(403, await visitor.GoAsync("/console/jobs/purge"));
        await visitor.GoAsync("/console/jobs");
        Assert.Equal(0, await visitor.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Forget old jobs" }).CountAsync());
        visitor.CheckFaults();
    }

    [Fact]
    public async Task A_token_is_made_shown_once_and_revoked()
    {
        await using var visitor = await site.VisitAsync();
        visitor.Expect("422");
        var page = visitor.Page;
        await visitor.GoAsync("/console/access");
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Make a token" }).ClickAsync();
        await page.GetByLabel("Name").FillAsync("report");
        await page.GetByLabel("Role").SelectOptionAsync("viewer");
        await page.GetByLabel("Ends").FillAsync("2001-01-01T00:00");
        await page.Locator("form.act button[type=submit]").ClickAsync();
        await page.Locator("#field-expiresAt-wrong").WaitForAsync();
        await page.GetByLabel("Ends").FillAsync(string.Empty);
        await page.Locator("form.act button[type=submit]").ClickAsync();
        var token = await page.Locator("[data-copy]").First.GetAttributeAsync("data-copy");
        await visitor.CheckAccessibilityAsync();
        await visitor.ShootAsync("token-shown-light");
        using (var opened = await site.Host.GetAsync("/api/tenants", token))
        {
            Assert.Equal(200, (int)opened.StatusCode);
        }

        await visitor.GoAsync("/console/access");
        Assert.DoesNotContain(token!, await page.ContentAsync(), StringComparison.Ordinal);
        await page.Locator("tr", new PageLocatorOptions { HasText = "report" }).GetByRole(AriaRole.Link, new LocatorGetByRoleOptions { Name = "Revoke" }).ClickAsync();
        await page.Locator("form.act button[type=submit]").ClickAsync();
        await page.Locator(".done").WaitForAsync();
        using var refused = await site.Host.GetAsync("/api/tenants", token);
        Assert.Equal(401, (int)refused.StatusCode);
        visitor.CheckFaults();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_view_of_a_list_is_kept_for_whoever_kept_it(bool hasScripts)
    {
        await using var visitor = await site.VisitAsync(ApiHost.ViewerToken, options => options.JavaScriptEnabled = hasScripts);
        var page = visitor.Page;
        var name = $"Mine & <b>\"only\" 100 % {hasScripts}";
        await visitor.GoAsync("/console/jobs?kind=verify-backup&state=failed");
        await page.Locator(".views-keep summary").ClickAsync();
        await page.Locator("#view-name").FillAsync(name);
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Keep", Exact = true }).ClickAsync();
        var chip = page.Locator(".views .chip-on");
        await Assertions.Expect(chip).ToHaveTextAsync(name);
        if (hasScripts)
        {
            await visitor.CheckAccessibilityAsync();
        }

        await visitor.GoAsync("/console/jobs");
        await page.Locator(".views .chip", new PageLocatorOptions { HasText = name }).ClickAsync();
        await Assertions.Expect(page.Locator("#filter-kind")).ToHaveValueAsync("verify-backup");
        await using (var other = await site.VisitAsync(ApiHost.ManagerToken))
        {
            await other.GoAsync("/console/jobs");
            Assert.DoesNotContain(name, await other.TextAsync(), StringComparison.Ordinal);
        }

        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Do not keep this view" }).ClickAsync();
        await Assertions.Expect(page.Locator(".views .chip", new PageLocatorOptions { HasText = name })).ToHaveCountAsync(0);
        visitor.CheckFaults();
    }

    [Theory]
    [InlineData("https://evil.example/console/jobs")]
    [InlineData("//evil.example/console/jobs")]
    [InlineData("/console/jobs/../../evil")]
    [InlineData("/console/do/tenants/order")]
    [InlineData("/console/jobs?state=failed#x")]
    [InlineData("/console/jobs?text=\"><script>")]
    [InlineData("/console/jobs\\")]
    [InlineData("javascript:alert(1)")]
    public async Task Nothing_but_a_list_of_the_console_is_kept(string path)
    {
        using var answer = await site.Host.SendAsync(HttpMethod.Put, "/api/views/evil", ApiHost.ViewerToken, System.Text.Json.JsonSerializer.Serialize(new { path }));
        Assert.Equal(422, (int)answer.StatusCode);
        Assert.Equal(0, await site.Host.ScalarAsync<long>("select count(*) from control.saved_views where name = 'evil'"));
    }

    [Fact]
    public async Task Nobody_keeps_more_than_fifty_views()
    {
        await site.Host.ExecuteAsync("insert into control.saved_views (owner, name, path, saved_at) select 'api:sales', 'view ' || n, '/console/servers', now() from generate_series(1, 50) n");
        using var one = await site.Host.SendAsync(HttpMethod.Put, "/api/views/more", ApiHost.ManagerToken, """{"path": "/console/jobs"}""");
        using var same = await site.Host.SendAsync(HttpMethod.Put, "/api/views/view%207", ApiHost.ManagerToken, """{"path": "/console/jobs"}""");
        await site.Host.ExecuteAsync("delete from control.saved_views where owner = 'api:sales'");
        Assert.Equal(409, (int)one.StatusCode);
        Assert.Equal(200, (int)same.StatusCode);
    }

    [Fact]
    public async Task A_rollout_is_seen_before_it_begins()
    {
        await using var visitor = await site.VisitAsync();
        visitor.Expect("422");
        var page = visitor.Page;
        await visitor.GoAsync("/console/rollouts");
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Start a rollout" }).ClickAsync();
        await page.GetByLabel("Offer").SelectOptionAsync("odoo-shared");
        await page.GetByLabel("Release", new PageGetByLabelOptions { Exact = true }).FillAsync("19.0-20261101");
        await page.GetByLabel("How it is brought").SelectOptionAsync("odoo-bin");
        await page.GetByLabel("First of all").FillAsync("acme");
        await page.GetByLabel("Reason").FillAsync("Autumn release");
        var send = page.Locator("form.act button[type=submit]");
        await Assertions.Expect(send).ToHaveTextAsync("Preview");
        await send.ClickAsync();

        // What is wrong stands beside its field.
        await page.Locator("#field-release-modules-wrong").WaitForAsync();
        await page.GetByLabel("Modules that are upgraded").FillAsync("base");
        await send.ClickAsync();
        await Assertions.Expect(page.Locator("section[aria-labelledby=preview]")).ToContainTextAsync("acme");
        await visitor.CheckAccessibilityAsync();
        await visitor.ShootAsync("rollout-preview-light");
        Assert.Equal(0, await site.Host.ScalarAsync<long>("select count(*) from control.rollouts"));

        // What is changed after it was seen is seen again.
        await page.GetByLabel("At once").FillAsync("2");
        await send.ClickAsync();
        await Assertions.Expect(page.Locator("section[aria-labelledby=preview]")).ToBeVisibleAsync();
        Assert.Equal(0, await site.Host.ScalarAsync<long>("select count(*) from control.rollouts"));
        await Assertions.Expect(send).ToHaveTextAsync("Start a rollout");
        await send.ClickAsync();
        await page.WaitForURLAsync("**/console/jobs/rollout-*", new PageWaitForURLOptions { WaitUntil = WaitUntilState.Commit });
        Assert.Equal(2, await site.Host.ScalarAsync<int>("select max_concurrent from control.rollouts"));
        visitor.CheckFaults();
    }

    [Fact]
    public async Task A_finished_upgrade_is_confirmed()
    {
        await site.Host.OrderTenantAsync("upgraded");
        await site.Host.ExecuteAsync(
            """
            update control.tenants set state = 'active', activated_at = now() where code = 'upgraded';
            update control.jobs set finished_at = now(), outcome = 'succeeded' where tenant_code = 'upgraded';
            insert into control.backups (id, tenant_id, kind, key, manifest_key, bytes, sha256, created_at) select 'upgraded-1', id, 'upgrade', 'u/1', 'u/1.json', 1, repeat('a', 64), now() from control.tenants where code = 'upgraded';
            insert into control.tenant_upgrades (tenant_id, job_id, version, kind, input, dry_run, state, reason, requested_by, requested_at, safety_backup_id, keep_until, ended_at)
            select t.id, j.id, '19.0-1', 'sql', '{}', false, 'upgraded', 'Release', 'operator', now(), 'upgraded-1', now() + interval '6 days', now() from control.tenants t join control.jobs j on j.tenant_id = t.id where t.code = 'upgraded'
            """);
        await using var visitor = await site.VisitAsync();
        var page = visitor.Page;
        await visitor.GoAsync("/console/tenants/upgraded/releases");
        await visitor.CheckAccessibilityAsync();
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Confirm" }).ClickAsync();
        await page.Locator("form.act button[type=submit]").ClickAsync();
        await page.Locator(".done").WaitForAsync();
        Assert.Contains("confirmed by operator", await visitor.TextAsync(), StringComparison.Ordinal);
        Assert.Equal("operator", await site.Host.ScalarAsync<string>("select confirmed_by from control.tenant_upgrades where version = '19.0-1'"));
        visitor.CheckFaults();
    }

    [Fact]
    public async Task Offers_and_plans_are_added_and_changed()
    {
        await using var visitor = await site.VisitAsync();
        visitor.Expect("422");
        var page = visitor.Page;
        await visitor.GoAsync("/console/offers");
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Add a plan" }).ClickAsync();
        await page.GetByLabel("Code").FillAsync("Not a code");
        await page.GetByLabel("Name", new PageGetByLabelOptions { Exact = false }).First.FillAsync("Studio");
        await page.Locator("#field-pricePeriod").SelectOptionAsync("monthly");
        await page.Locator("#field-backupSchedule").SelectOptionAsync("daily");
        await page.Locator("#field-storageQuotaBytes").FillAsync("20");
        await page.GetByLabel("Reason").FillAsync("For small studios");
        await page.Locator("form.act button[type=submit]").ClickAsync();
        await page.Locator("#field-code-wrong").WaitForAsync();
        await page.Locator("#field-code").FillAsync("studio");
        await page.Locator("form.act button[type=submit]").ClickAsync();
        await page.Locator(".done").WaitForAsync();

        await page.Locator("tr", new PageLocatorOptions { HasText = "studio" }).GetByRole(AriaRole.Link, new LocatorGetByRoleOptions { Name = "Edit" }).ClickAsync();
        await Assertions.Expect(page.Locator("#field-storageQuotaBytes")).ToHaveValueAsync("20");
        await visitor.CheckAccessibilityAsync();
        await page.Locator("#field-storageQuotaBytes").FillAsync(string.Empty);
        await page.Locator("#field-graceDays").FillAsync("21");
        await page.Locator("#field-active").SelectOptionAsync("false");
        await page.GetByLabel("Reason").FillAsync("Closed again");
        await page.Locator("form.act button[type=submit]").ClickAsync();
        await page.Locator(".done").WaitForAsync();
        using var plan = await site.Host.GetAsync("/api/plans/studio");
        var shown = await ApiHost.JsonAsync(plan);
        Assert.Equal((2, 21, false), (shown.GetProperty("version").GetInt32(), shown.GetProperty("graceDays").GetInt32(), shown.GetProperty("active").GetBoolean()));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, shown.GetProperty("storageQuotaBytes").ValueKind);

        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Add an offer" }).ClickAsync();
        await page.Locator("#field-code").FillAsync("odoo-studio");
        await page.Locator("#field-name").FillAsync("Odoo for studios");
        await page.Locator("#field-application").SelectOptionAsync("odoo");
        await page.Locator("#field-delivery").SelectOptionAsync("shared");
        await page.Locator("#field-defaultPlan").SelectOptionAsync("starter");
        await page.Locator("#field-defaultTemplate").SelectOptionAsync("blank");
        await page.GetByLabel("Reason").FillAsync("For small studios");
        await page.Locator("form.act button[type=submit]").ClickAsync();
        await page.Locator(".done").WaitForAsync();
        await page.Locator("tr", new PageLocatorOptions { HasText = "odoo-studio" }).GetByRole(AriaRole.Link, new LocatorGetByRoleOptions { Name = "Remove" }).ClickAsync();
        await page.Locator("#field-code-typed").FillAsync("odoo-studio");
        await page.GetByLabel("Reason").FillAsync("It was a try");
        await page.Locator("form.act button[type=submit]").ClickAsync();
        await page.Locator(".done").WaitForAsync();
        visitor.CheckFaults();
    }
}
