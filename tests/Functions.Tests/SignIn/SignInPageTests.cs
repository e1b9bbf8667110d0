using System.Net;
using System.Text;
using Bibind.Functions.Security;
using Bibind.Functions.Settings;
using Bibind.Functions.Tests.Hosting;
using Xunit;

namespace Bibind.Functions.Tests.SignIn;

/// <summary>The page of the sign-in: what it takes, where it leads, and what a browser lets others do with it.</summary>
public sealed class SignInPageTests(ApiHost host, PostgresServer postgres) : IClassFixture<ApiHost>
{
    [Theory]
    [InlineData("/console", "/console")]
    [InlineData("/console/tenants/acme?tab=jobs#top", "/console/tenants/acme?tab=jobs#top")]
    [InlineData(null, "/console")]
    [InlineData("", "/console")]
    [InlineData("//evil.example", "/console")]
    [InlineData("///evil.example", "/console")]
    [InlineData("/\\evil.example", "/console")]
    [InlineData("\\\\evil.example", "/console")]
    [InlineData("https://evil.example/console", "/console")]
    [InlineData("https:evil.example", "/console")]
    [InlineData("javascript:alert(1)", "/console")]
    [InlineData("/console//evil.example", "/console")]
    [InlineData("/console/..//evil.example", "/console")]
    [InlineData("/console/%2e%2e//evil.example", "/console")]
    [InlineData("/console/%2f%2fevil.example", "/console")]
    [InlineData("/console/%5cevil.example", "/console")]
    [InlineData("/console/%252f", "/console")]
    [InlineData("/console.evil.example", "/console")]
    [InlineData("/consoles", "/console")]
    [InlineData("@evil.example", "/console")]
    [InlineData(" /console", "/console")]
    [InlineData("/console\r\nSet-Cookie: a=b", "/console")]
    [InlineData("/console/\u00e9", "/console")]
    [InlineData("/api/tenants", "/console")]
    [InlineData("/console/sign-out", "/console")]
    [InlineData("/console/callback?code=1", "/console")]
    public async Task It_leads_to_pages_of_the_console_and_nowhere_else(string? wanted, string goes)
    {
        Assert.Equal(goes, ReturnPath.Of(wanted));
        if (wanted is not null)
        {
            using var browser = new Browser(host.Address);
            using var answer = await browser.SignInAsync(ApiHost.ViewerToken, wanted);
            Assert.Equal((HttpStatusCode.SeeOther, goes), (answer.StatusCode, answer.Headers.Location?.OriginalString));
        }
    }

    [Fact]
    public async Task No_other_page_can_show_it_within_itself_or_run_anything_in_it()
    {
        using var page = await host.GetAsync("/console/sign-in", token: null);
        var policy = string.Join(' ', page.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal("DENY", string.Join(' ', page.Headers.GetValues("X-Frame-Options")));
        Assert.Equal("nosniff", string.Join(' ', page.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("no-store", page.Headers.CacheControl?.ToString());
        var html = await page.Content.ReadAsStringAsync();
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("style=", html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("""<label for="token">""", html, StringComparison.Ordinal);
        Assert.Contains("""autocomplete="current-password" """.TrimEnd(), html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/console/sign-in?token=" + ApiHost.AdminToken)]
    [InlineData("/console/sign-in?return=/console&access_token=" + ApiHost.AdminToken)]
    [InlineData("/api/tenants?access_token=" + ApiHost.AdminToken)]
    public async Task A_token_in_an_address_opens_nothing_and_is_not_logged(string path)
    {
        using var answer = await host.GetAsync(path, token: null);
        Assert.Contains(answer.StatusCode, new[] { HttpStatusCode.BadRequest, HttpStatusCode.Unauthorized });
        Assert.False(answer.Headers.Contains("Set-Cookie"));
        Assert.DoesNotContain(ApiHost.AdminToken, host.Logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_guesses_waits_even_with_the_right_token()
    {
        await using var other = new ApiHost(postgres) { More = ["--Registration:TrustedProxies=127.0.0.1"] };
        await other.InitializeAsync();
        using var browser = new Browser(other.Address);
        var form = new Dictionary<string, string> { ["RequestVerificationToken"] = await browser.FormTokenAsync(), ["token"] = "guessed-token-0123456789abcdef" };

        // The cookies of this machine alone do not go with a proxy's header.
        for (var i = 0; i < 10; i++)
        {
            using var refused = await browser.PostAsync("/console/sign-in", form);
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
            Assert.Contains("role=\"alert\"", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        form["token"] = ApiHost.AdminToken;
        using var late = await browser.PostAsync("/console/sign-in", form);
        Assert.Equal(HttpStatusCode.TooManyRequests, late.StatusCode);
        Assert.NotNull(late.Headers.RetryAfter);
        Assert.Null(browser.Session);
        Assert.Equal(10, await other.ScalarAsync<long>("select count(*) from control.audit where action = 'sign-in' and status = 403"));
        Assert.DoesNotContain("guessed-token", other.Logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Long_and_binary_input_is_refused_as_what_it_is()
    {
        using var browser = new Browser(host.Address);
        var token = await browser.FormTokenAsync();
        using var tooLong = await browser.PostAsync("/console/sign-in", new() { ["RequestVerificationToken"] = token, ["token"] = new string('x', 40_000) });
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLong.StatusCode);
        using var longToken = await browser.PostAsync("/console/sign-in", new() { ["RequestVerificationToken"] = token, ["token"] = new string('x', 20_000) });
        Assert.Equal(HttpStatusCode.Forbidden, longToken.StatusCode);
        using var odd = await browser.PostAsync("/console/sign-in", new() { ["RequestVerificationToken"] = token, ["token"] = "\u0001\ud83d\ude00<script>", ["return"] = "\"><script>" });
        Assert.Equal(HttpStatusCode.Forbidden, odd.StatusCode);
        Assert.DoesNotContain("<script", await odd.Content.ReadAsStringAsync(), StringComparison.OrdinalIgnoreCase);
        using var nul = await browser.PostAsync("/console/sign-in", new() { ["RequestVerificationToken"] = token, ["token"] = "\0" });
        await ProblemAssert.IsAsync(nul, HttpStatusCode.BadRequest, "unreadable-request");
        using var binary = new HttpRequestMessage(HttpMethod.Post, "/console/sign-in") { Content = new ByteArrayContent([0xff, 0xfe, 0x00, 0x26, 0x3d]) };
        binary.Content.Headers.TryAddWithoutValidation("Content-Type", "application/x-www-form-urlencoded");
        using var refused = await browser.Client.SendAsync(binary);
        await ProblemAssert.IsAsync(refused, HttpStatusCode.Forbidden, "forged-call");
        using var parts = new HttpRequestMessage(HttpMethod.Post, "/console/sign-in") { Content = new ByteArrayContent(Encoding.ASCII.GetBytes("--x\r\nnonsense")) };
        parts.Content.Headers.TryAddWithoutValidation("Content-Type", "multipart/form-data; boundary=x");
        using var broken = await browser.Client.SendAsync(parts);
        Assert.Contains(broken.StatusCode, new[] { HttpStatusCode.BadRequest, HttpStatusCode.Forbidden });
        using var json = await host.SendAsync(HttpMethod.Post, "/console/sign-in", token: null, "{}");
        await ProblemAssert.IsAsync(json, HttpStatusCode.UnsupportedMediaType, "unsupported-media-type");
    }

    [Fact]
    public async Task The_operator_of_this_machine_signs_in_by_a_button_where_it_was_allowed_and_from_here_alone()
    {
        await using var local = new ApiHost(postgres) { More = ["--Console:LocalSignIn=true"] };
        await local.InitializeAsync();
        using var browser = new Browser(local.Address);
        var token = await browser.FormTokenAsync();
        using var rebound = await browser.PostAsync("/console/sign-in", new() { ["RequestVerificationToken"] = token, ["local"] = "1" }, ("Host", $"attacker.example:{local.Address.Port}"));
        Assert.Equal(HttpStatusCode.Forbidden, rebound.StatusCode);
        using var answer = await browser.PostAsync("/console/sign-in", new() { ["RequestVerificationToken"] = token, ["local"] = "1" });
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        using var audit = await browser.GetAsync("/api/audit", "application/json");
        Assert.Contains("local operator", await audit.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        // Where nobody allowed it the field means nothing.
        using var elsewhere = new Browser(host.Address);
        using var refused = await elsewhere.PostAsync("/console/sign-in", new() { ["RequestVerificationToken"] = await elsewhere.FormTokenAsync(), ["local"] = "1" });
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    [Theory]
    [InlineData("--Urls=http://0.0.0.0:7071", "Console__LocalSignIn is true")]
    [InlineData("--Urls=http://127.0.0.1:7071;http://*:8080", "Console__LocalSignIn is true")]
    [InlineData("--Console:PublicUrl=https://console.example.com", "Console__LocalSignIn is true")]
    [InlineData("--Console:PublicUrl=https://console.example.com/path", "Console__PublicUrl must have no path")]
    [InlineData("--Console:PublicUrl=http://console.example.com", "Console__PublicUrl must be an https address")]
    [InlineData("--Auth:Console:ClientId=console", "Auth__Console__ClientId needs Auth__Issuer")]
    [InlineData("--Auth:Console:Scopes=profile", "Auth__Console__Scopes must have openid among its words")]
    [InlineData("--Console:IdleLimit=00:00:01", "Console__IdleLimit must be a time from")]
    public void Settings_that_would_let_others_in_are_refused_at_the_start(string argument, string words)
    {
        string[] arguments = [.. new ApiHost(postgres) { ControlDatabase = "Host=127.0.0.1;Database=nowhere", More = ["--Console:LocalSignIn=true", argument] }.Arguments()];
        var wrong = Assert.Throws<SettingsException>(() => FunctionsHost.Build(arguments));
        Assert.Contains(wrong.Problems, p => p.StartsWith(words, StringComparison.Ordinal));
    }
}
