using Bibind.Functions.Tests.Hosting;
using Microsoft.Playwright;
using Xunit;

namespace Bibind.WebConsole.Tests;

/// <summary>Jobs are steered where they are watched.</summary>
public sealed class SteeringTests(ConsoleSite site)
{
    [Fact]
    public async Task A_step_that_waits_for_its_next_attempt_is_run_now_and_succeeds()
    {
        var job = await site.Host.OrderTenantAsync($"{ScriptedOrchestrators.WaitingPrefix}-now");
        await site.Host.WaitAsync($"/api/jobs/{job}", j => j.GetProperty("state").GetString() == "retrying");
        await using var visitor = await site.VisitAsync(ApiHost.ManagerToken);
        var page = visitor.Page;
        await visitor.GoAsync("/console/jobs?state=retrying");
        Assert.Contains($"{ScriptedOrchestrators.WaitingPrefix}-now", await visitor.TextAsync(), StringComparison.Ordinal);
        await visitor.GoAsync($"/console/jobs/{job}");
        await Assertions.Expect(page.Locator(".step time[data-until]").First).ToBeVisibleAsync();
        await visitor.CheckAccessibilityAsync();
        await visitor.ShootAsync("job-retrying-light");
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Dark });
        await visitor.ShootAsync("job-retrying-dark");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Run now" }).ClickAsync();
        await Assertions.Expect(page.Locator(".step .state").First).ToHaveTextAsync("succeeded", new LocatorAssertionsToHaveTextOptions { Timeout = 60_000 });
        await Assertions.Expect(page.Locator("#actions")).ToBeVisibleAsync(new LocatorAssertionsToBeVisibleOptions { Timeout = 60_000 });
        visitor.CheckFaults();
    }

    [Fact]
    public async Task A_step_that_waits_is_failed_now_with_a_reason()
    {
        var job = await site.Host.OrderTenantAsync($"{ScriptedOrchestrators.WaitingPrefix}-fail");
        await site.Host.WaitAsync($"/api/jobs/{job}", j => j.GetProperty("state").GetString() == "retrying");
        await using var visitor = await site.VisitAsync(ApiHost.ManagerToken);
        var page = visitor.Page;
        await visitor.GoAsync($"/console/jobs/{job}");
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Fail now", Exact = true }).ClickAsync();
        await page.GetByLabel("Reason").FillAsync("The store is gone.");
        await page.Locator("form.act button[type=submit]").ClickAsync();
        await page.WaitForURLAsync("**/console/jobs/*", new PageWaitForURLOptions { WaitUntil = WaitUntilState.Commit });
        await Assertions.Expect(page.Locator("#job-live .job-state .state").First).ToHaveTextAsync("failed", new LocatorAssertionsToHaveTextOptions { Timeout = 60_000 });
        await Assertions.Expect(page.Locator("#actions ~ .story")).ToContainTextAsync("The store is gone.");
        visitor.CheckFaults();
    }

    [Fact]
    public async Task A_job_is_paused_resumed_and_cancelled_and_says_who_did()
    {
        var job = await site.Host.OrderTenantAsync("paused");
        await using var visitor = await site.VisitAsync(ApiHost.ManagerToken);
        var page = visitor.Page;
        await visitor.GoAsync($"/console/jobs/{job}");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Pause", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("#job-live .job-state .state").First).ToHaveTextAsync("suspended", new LocatorAssertionsToHaveTextOptions { Timeout = 60_000 });
        await page.Locator("#job-live").GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "Resume", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("#job-live .job-state .state").First).ToHaveTextAsync("running", new LocatorAssertionsToHaveTextOptions { Timeout = 60_000 });
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Cancel", Exact = true }).ClickAsync();
        await page.GetByLabel("Reason").FillAsync("It was ordered twice.");
        await page.Locator("form.act button[type=submit]").ClickAsync();
        await page.WaitForURLAsync("**/console/jobs/*", new PageWaitForURLOptions { WaitUntil = WaitUntilState.Commit });
        await Assertions.Expect(page.Locator("#actions ~ .story")).ToContainTextAsync("It was ordered twice.", new LocatorAssertionsToContainTextOptions { Timeout = 60_000 });
        visitor.CheckFaults();
    }

    [Fact]
    public async Task Many_jobs_are_retried_after_a_preview_with_their_number()
    {
        await using var visitor = await site.VisitAsync();
        var page = visitor.Page;
        await visitor.GoAsync("/console/jobs?state=failed&kind=verify-backup&text=its+end+is+missing");
        await page.Locator("form.bulk button[type=submit]").ClickAsync();
        Assert.Contains("8 jobs match", await visitor.TextAsync(), StringComparison.Ordinal);
        await visitor.CheckAccessibilityAsync();
        await page.GetByLabel("Reason").FillAsync("The store is back.");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Yes, all 8" }).ClickAsync();
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("of 8 jobs");
        visitor.CheckFaults();
    }
}
