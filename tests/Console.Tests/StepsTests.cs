using Bibind.Functions.Tests.Hosting;
using Microsoft.Playwright;
using Xunit;

namespace Bibind.WebConsole.Tests;

/// <summary>What a step got and answered, and where its job's trace is.</summary>
public sealed class StepsTests(ConsoleSite site)
{
    [Fact]
    public async Task A_step_shows_what_it_got_where_it_stands_and_on_a_page_of_its_own()
    {
        var job = await site.Host.OrderTenantAsync($"{ScriptedOrchestrators.FailingPrefix}-data");
        await site.Host.WaitAsync($"/api/jobs/{job}", j => j.GetProperty("state").GetString() == "failed");
        await using var visitor = await site.VisitAsync(ApiHost.ViewerToken);
        var page = visitor.Page;
        await visitor.GoAsync($"/console/jobs/{job}");
        await page.Locator(".step summary").First.ClickAsync();
        await page.Locator("#step-data-1 a").ClickAsync();
        await Assertions.Expect(page.Locator("#step-data-1 .json").First).ToContainTextAsync($"{ScriptedOrchestrators.FailingPrefix}-data");
        Assert.EndsWith($"/console/jobs/{job}", page.Url, StringComparison.Ordinal);
        await visitor.CheckAccessibilityAsync();
        await visitor.CheckWidthAsync();
        await visitor.ShootAsync("job-step-light");
        visitor.CheckFaults();

        await using var plain = await site.VisitAsync(ApiHost.ViewerToken, options => options.JavaScriptEnabled = false);
        await plain.GoAsync($"/console/jobs/{job}");
        await plain.Page.Locator(".step").First.Locator("summary").ClickAsync();
        await plain.Page.Locator("#step-data-1 a").ClickAsync();
        await Assertions.Expect(plain.Page.Locator("#step-data .json").First).ToContainTextAsync($"{ScriptedOrchestrators.FailingPrefix}-data");
        Assert.Contains("The store did not answer.", await plain.TextAsync(), StringComparison.Ordinal);
        plain.CheckFaults();
    }

    [Fact]
    public async Task A_step_shows_no_secret_of_what_it_got()
    {
        var job = await site.Host.OrderTenantAsync($"{ScriptedOrchestrators.CallingPrefix}-data");
        await site.Host.WaitAsync($"/api/jobs/{job}", j => j.GetProperty("state").GetString() == "failed");
        await using var visitor = await site.VisitAsync(ApiHost.ViewerToken);
        await visitor.GoAsync($"/console/jobs/{job}/steps/1");
        var text = await visitor.TextAsync();
        Assert.Contains("hook.example", text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-", text, StringComparison.Ordinal);
        await visitor.CheckAccessibilityAsync();
        visitor.CheckFaults();
    }

    [Theory]
    [InlineData("0")]
    [InlineData("99")]
    [InlineData("-1")]
    [InlineData("one")]
    public async Task A_step_that_is_not_there_is_said(string number)
    {
        await using var visitor = await site.VisitAsync();
        visitor.Expect("404");
        Assert.Equal(404, await visitor.GoAsync($"/console/jobs/hostile-1/steps/{number}"));
    }

    [Fact]
    public async Task A_job_leads_to_its_trace()
    {
        var job = await site.Host.OrderTenantAsync("traced");
        await using var visitor = await site.VisitAsync();
        await visitor.GoAsync($"/console/jobs/{job}");
        var link = await visitor.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Show the trace" }).GetAttributeAsync("href");
        Assert.Matches("^https://traces\\.example/trace/[0-9a-f]{32}\\?from=console$", link);
        var id = link![ConsoleSite.TraceUrl.Length..^"?from=console".Length];
        Assert.True(await visitor.Page.Locator($"button[data-copy='{id}']").IsVisibleAsync());
        visitor.CheckFaults();
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("https://traces.example/{traceId}", true)]
    [InlineData("http://127.0.0.1:16686/trace/{traceId}", true)]
    [InlineData("https://traces.example/", false)]
    [InlineData("javascript:alert('{traceId}')", false)]
    [InlineData("/trace/{traceId}", false)]
    [InlineData("https://{traceId}.example/", false)]
    [InlineData("https://user:secret@traces.example/{traceId}", false)]
    public void A_viewer_of_traces_is_an_address_that_people_may_be_led_to(string url, bool isOne) => Assert.Equal(isOne, Web.WebConsoleOptions.IsTraceUrl(url));
}
