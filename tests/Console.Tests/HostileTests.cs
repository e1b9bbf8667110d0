using Bibind.Functions.Tests.Hosting;
using Xunit;

namespace Bibind.WebConsole.Tests;

/// <summary>What people type is text, wherever it is shown; and the pages cannot be used against who looks at them.</summary>
public sealed class HostileTests(ConsoleSite site)
{
    [Theory]
    [InlineData("/console")]
    [InlineData("/console/tenants")]
    [InlineData("/console/tenants/initech")]
    [InlineData("/console/tenants/initech/jobs")]
    [InlineData("/console/jobs?state=failed")]
    [InlineData("/console/jobs/hostile-1")]
    [InlineData("/console/jobs?tenant=%3Cscript%3Ealert(1)%3C%2Fscript%3E")]
    [InlineData("/console/jobs?text=%22%3E%3Cimg%20src=x%20onerror=alert(2)%3E")]
    [InlineData("/console/do/tenants/acme/suspend?reason=%22%3E%3Cimg%20src=x%20onerror=alert(2)%3E")]
    [InlineData("/console/%3Cscript%3Ealert(1)%3C%2Fscript%3E")]
    [InlineData("/console/tenants/%3Cscript%3Ealert(1)%3C%2Fscript%3E")]
    [InlineData("/console/deliveries")]
    [InlineData("/console/audit")]
    [InlineData("/console?done=%3Cscript%3Ealert(1)%3C%2Fscript%3E")]
    public async Task What_people_typed_is_shown_as_text(string path)
    {
        await using var visitor = await site.VisitAsync();
        visitor.Expect("404");
        visitor.Expect("400");
        await visitor.GoAsync(path);
        Assert.Equal(0, await visitor.Page.Locator("img[src='x']").CountAsync());
        Assert.Equal(1, await visitor.Page.Locator("script").CountAsync());
        Assert.DoesNotContain("javascript:", string.Join(' ', await visitor.Page.EvaluateAsync<string[]>("[...document.querySelectorAll('a')].map(a => a.getAttribute('href') ?? '')")), StringComparison.Ordinal);
        visitor.CheckFaults();
    }

    [Fact]
    public async Task A_reason_full_of_markup_is_kept_and_shown_as_it_was_typed()
    {
        await site.Host.OrderTenantAsync("marked");
        await using var visitor = await site.VisitAsync();
        var page = visitor.Page;
        await visitor.GoAsync("/console/do/tenants/marked/change");
        await page.GetByLabel("Company").FillAsync(SampleRows.Hostile);
        await page.GetByLabel("Reason").FillAsync(SampleRows.Hostile);
        await page.Locator("form.act button[type=submit]").ClickAsync();
        await page.Locator(".done").WaitForAsync();
        Assert.Contains(SampleRows.Hostile, await page.Locator("h1").TextContentAsync(), StringComparison.Ordinal);
        await visitor.GoAsync("/console/tenants/marked/changes");
        Assert.Contains(SampleRows.Hostile, await page.Locator("main").TextContentAsync(), StringComparison.Ordinal);
        visitor.CheckFaults();
    }

    [Fact]
    public async Task Every_page_forbids_whatever_is_not_from_here()
    {
        foreach (var path in (string[])["/console", "/console/jobs/none", "/console/nowhere"])
        {
            using var answer = await site.Host.GetAsync(path, ApiHost.AdminToken);
            var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
            Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
            Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
            Assert.DoesNotContain(" style=", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/console")]
    [InlineData("/console/../evil")]
    [InlineData("/consolevil")]
    [InlineData("/console\\@evil.example")]
    public async Task Nobody_is_led_away(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/console/preferences")
        {
            Content = new FormUrlEncodedContent(new Dictionary<string, string> { ["theme"] = "dark", ["return"] = path }),
        };
        request.Headers.Authorization = new System.Net.Http.Headers.AuthenticationHeaderValue("Bearer", ApiHost.ViewerToken);
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
        using var client = new HttpClient(handler) { BaseAddress = site.Host.Address };
        using var answer = await client.SendAsync(request);
        Assert.Equal(303, (int)answer.StatusCode);
        Assert.StartsWith("/console", answer.Headers.Location!.OriginalString, StringComparison.Ordinal);
        Assert.Equal(site.Host.Address.Host, new Uri(site.Host.Address, answer.Headers.Location).Host);
    }

    [Fact]
    public async Task A_form_without_the_token_of_our_pages_changes_nothing()
    {
        await using var visitor = await site.VisitAsync();
        visitor.Expect("403");
        await visitor.GoAsync("/console");
        var status = await visitor.Page.EvaluateAsync<int>(
            "async () => (await fetch('/console/do/tenants/acme/suspend', { method: 'POST', body: new URLSearchParams({ _code: 'acme', cause: 'operator', reason: 'x' }) })).status");
        Assert.Equal(403, status);
        Assert.Equal("active", await site.Host.ScalarAsync<string>("select state from control.tenants where code = 'acme'"));
    }

    [Fact]
    public async Task Nobody_can_say_in_a_header_who_calls()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/tenants");
        foreach (var name in (string[])["ForwardedCaller", "X-Forwarded-User", "X-Forwarded-Caller", "Authorization-Forwarded"])
        {
            request.Headers.TryAddWithoutValidation(name, "operator");
        }

        using var answer = await site.Host.Client.SendAsync(request);
        Assert.Equal(401, (int)answer.StatusCode);
    }
}
