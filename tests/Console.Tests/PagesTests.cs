using Bibind.Functions.Tests.Hosting;
using Microsoft.Playwright;
using Xunit;

namespace Bibind.WebConsole.Tests;

/// <summary>Every page: readable by everybody, on every screen, by day and by night.</summary>
public sealed class PagesTests(ConsoleSite site)
{
    public static TheoryData<string, string> Pages => new()
    {
        { "overview", "/console" },
        { "tenants", "/console/tenants" },
        { "tenants-none", "/console/tenants?state=moving" },
        { "tenant", "/console/tenants/acme" },
        { "tenant-hostile", "/console/tenants/initech" },
        { "tenant-domains", "/console/tenants/acme/domains" },
        { "tenant-backups", "/console/tenants/acme/backups" },
        { "tenant-subscription", "/console/tenants/acme/subscription" },
        { "tenant-jobs", "/console/tenants/acme/jobs" },
        { "tenant-usage", "/console/tenants/acme/usage" },
        { "tenant-releases", "/console/tenants/acme/releases" },
        { "tenant-changes", "/console/tenants/acme/changes" },
        { "tenant-support", "/console/tenants/acme/support" },
        { "tenant-danger", "/console/tenants/acme/danger" },
        { "enter", "/console/do/tenants/acme/enter" },
        { "end-access", "/console/do/support/1/revoke?of=acme" },
        { "order", "/console/do/tenants/order" },
        { "suspend", "/console/do/tenants/acme/suspend" },
        { "change", "/console/do/tenants/acme/change" },
        { "jobs", "/console/jobs" },
        { "jobs-failed", "/console/jobs?state=failed" },
        { "job-hostile", "/console/jobs/hostile-1" },
        { "jobs-purge", "/console/jobs/purge" },
        { "servers", "/console/servers" },
        { "server", $"/console/servers/{ApiHost.Server}" },
        { "server-add", "/console/do/servers/add" },
        { "templates", "/console/templates" },
        { "template", "/console/templates/blank" },
        { "rollouts", "/console/rollouts" },
        { "rollout-start", "/console/do/rollouts/start" },
        { "upgrade", "/console/do/tenants/acme/upgrade" },
        { "move", "/console/do/tenants/acme/move" },
        { "offers", "/console/offers" },
        { "offer-change", "/console/do/offers/odoo-shared/change" },
        { "plan-add", "/console/do/plans/add" },
        { "plan-change", "/console/do/plans/starter/change" },
        { "billing", "/console/billing" },
        { "billing-message", "/console/billing/evt-2" },
        { "billing-edit", "/console/do/billing/evt-2/edit" },
        { "deliveries", "/console/deliveries" },
        { "notices", "/console/deliveries/notices" },
        { "findings", "/console/findings" },
        { "backups", "/console/backups" },
        { "pending", "/console/pending" },
        { "access", "/console/access" },
        { "token-make", "/console/do/access/make-token" },
        { "audit", "/console/audit" },
        { "settings", "/console/settings" },
    };

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task A_page_is_accessible_in_light_and_dark_on_small_and_large_screens(string name, string path)
    {
        await using var visitor = await site.VisitAsync();
        await visitor.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Light });
        Assert.Equal(200, await visitor.GoAsync(path));
        await visitor.CheckAccessibilityAsync();
        await visitor.CheckWidthAsync();
        await visitor.ShootAsync($"{name}-light");

        await visitor.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Dark });
        await visitor.CheckAccessibilityAsync();
        await visitor.ShootAsync($"{name}-dark");

        await visitor.Page.SetViewportSizeAsync(360, 740);
        await visitor.CheckWidthAsync();
        await visitor.ShootAsync($"{name}-360");

        await visitor.Page.SetViewportSizeAsync(2560, 1300);
        await visitor.CheckWidthAsync();
        visitor.CheckFaults();
    }

    [Fact]
    public async Task What_is_not_there_is_said_with_a_way_out()
    {
        await using var visitor = await site.VisitAsync();
        visitor.Expect("404");
        foreach (var path in (string[])["/console/nowhere", "/console/tenants/nobody", "/console/tenants/acme/nothing", "/console/jobs/none", "/console/servers/none", "/console/do/tenants/acme/nothing"])
        {
            Assert.Equal(404, await visitor.GoAsync(path));
            await visitor.CheckAccessibilityAsync();
            await visitor.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "To the overview" }).WaitForAsync();
        }

        visitor.CheckFaults();
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task A_page_is_readable_in_French_without_scripts(string name, string path)
    {
        await using var visitor = await site.VisitAsync(configure: options => (options.JavaScriptEnabled, options.Locale) = (false, "fr-FR"));
        Assert.Equal(200, await visitor.GoAsync(path));
        Assert.Equal("fr", await visitor.Page.Locator("html").GetAttributeAsync("lang"));
        Assert.NotEmpty((await visitor.TextAsync()).Trim());
        Assert.True(await visitor.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Paramètres" }).IsVisibleAsync());
        Assert.True(site.WithoutFrench.IsEmpty, $"{name} has no French for: {string.Join(" | ", site.WithoutFrench.Keys)}");
        visitor.CheckFaults();
    }

    [Fact]
    public async Task A_first_visit_is_small_and_everything_comes_from_here()
    {
        await using var visitor = await site.VisitAsync();
        var elsewhere = new List<string>();
        var bytes = 0L;
        visitor.Page.Response += async (_, response) =>
        {
            if (!response.Url.StartsWith(site.Host.Address.ToString(), StringComparison.Ordinal))
            {
                elsewhere.Add(response.Url);
            }

            var sizes = await response.Request.SizesAsync();
            Interlocked.Add(ref bytes, sizes.ResponseBodySize + sizes.ResponseHeadersSize);
        };
        await visitor.Page.GotoAsync("/console", new PageGotoOptions { WaitUntil = WaitUntilState.NetworkIdle });

        Assert.Empty(elsewhere);
        Assert.InRange(bytes, 1, 150 * 1024);
        visitor.CheckFaults();
    }
}
