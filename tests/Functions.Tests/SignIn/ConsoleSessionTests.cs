using System.Net;
using System.Text.Json;
using Bibind.Functions.Security;
using Bibind.Functions.Tests.Hosting;
using Bibind.Testing;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests.SignIn;

/// <summary>People sign in at the console with an operator's token, and what others try with their sessions.</summary>
public sealed class ConsoleSessionTests(ApiHost host, PostgresServer postgres) : IClassFixture<ApiHost>
{
    private const string Order = """{"code": "forged", "name": "Acme Ltd", "offer": "odoo-shared"}""";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_page_without_a_session_leads_to_the_sign_in_and_back()
    {
        using var browser = new Browser(host.Address);
        using var before = await browser.PostAsync("/console/sign-out", [], ("Accept", "text/html,*/*"));
        Assert.Equal((HttpStatusCode.SeeOther, "/console/sign-in?return=%2Fconsole"), (before.StatusCode, before.Headers.Location?.OriginalString));
        using var call = await browser.PostAsync("/console/sign-out", [], ("Accept", "application/json"));
        Assert.Equal(HttpStatusCode.Unauthorized, call.StatusCode);
        using var part = await browser.PostAsync("/console/sign-out", [], ("Accept", "text/html"), ("HX-Request", "true"));
        Assert.Equal((HttpStatusCode.Unauthorized, "/console/sign-in?return=%2Fconsole"), (part.StatusCode, part.Headers.GetValues("HX-Redirect").Single()));
        using var signIn = await browser.SignInAsync(ApiHost.ViewerToken, "/console/jobs?state=failed");
        Assert.Equal((HttpStatusCode.SeeOther, "/console/jobs?state=failed"), (signIn.StatusCode, signIn.Headers.Location?.OriginalString));
        using var list = await browser.GetAsync("/api/tenants", "application/json");
        Assert.Equal(HttpStatusCode.OK, list.StatusCode);
        using var again = await browser.GetAsync("/console/sign-in?return=/console/servers");
        Assert.Equal("/console/servers", again.Headers.Location?.OriginalString);
    }

    [Fact]
    public async Task The_cookie_can_be_read_by_no_script_and_is_sent_to_no_other_site()
    {
        using var browser = new Browser(host.Address);
        using var answer = await browser.SignInAsync(ApiHost.ViewerToken);
        var cookie = Assert.Single(answer.Headers.GetValues("Set-Cookie"), c => c.StartsWith($"bibind-{host.Address.Port}=", StringComparison.Ordinal));
        Assert.Contains("; path=/; samesite=lax; httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
        Assert.DoesNotContain(browser.Session!.Value, host.Logs.Text, StringComparison.Ordinal);
        Assert.Equal(0, await host.ScalarAsync<long>($"select count(*) from control.console_sessions s where s::text like '%{browser.Session.Value}%'"));
    }

    [Theory]
    [InlineData("console.example.com", null)]
    [InlineData("127.0.0.1", "X-Forwarded-For")]
    [InlineData("127.0.0.1", "Via")]
    [InlineData("localhost.attacker.example", null)]
    public async Task Whoever_does_not_ask_from_this_machine_gets_cookies_for_TLS_alone(string name, string? header)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/console/sign-in");
        request.Headers.Host = name;
        if (header is not null)
        {
            request.Headers.TryAddWithoutValidation(header, "203.0.113.9");
        }

        using var answer = await host.Client.SendAsync(request);
        var cookie = Assert.Single(answer.Headers.GetValues("Set-Cookie"));
        Assert.StartsWith("__Host-bibind-form=", cookie, StringComparison.Ordinal);
        Assert.Contains("; path=/; secure; samesite=strict; httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("domain=", cookie, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_change_without_the_token_of_our_pages_is_refused_and_nothing_happens()
    {
        using var browser = new Browser(host.Address);
        var stranger = await browser.FormTokenAsync();
        using (await browser.SignInAsync(ApiHost.ManagerToken))
        {
        }

        using var other = new Browser(host.Address);
        using (await other.SignInAsync(ApiHost.ManagerToken))
        {
        }

        var before = await host.CountRowsAsync();
        foreach (var token in new[] { null, "", "x", stranger, Token(other.Session!.Value), new string('A', 86), new string('A', 100_000 / 10) })
        {
            using var answer = await browser.SendJsonAsync(HttpMethod.Post, "/api/tenants", Order, token);
            await ProblemAssert.IsAsync(answer, HttpStatusCode.Forbidden, "forged-call");
        }

        // Even one that has got hold of the token, where the browser says that the page is another's.
        foreach (var site in new[] { "cross-site", "same-site" })
        {
            using var form = await browser.PostAsync("/console/sign-out", new() { ["RequestVerificationToken"] = Token(browser.Session!.Value) }, ("Sec-Fetch-Site", site));
            await ProblemAssert.IsAsync(form, HttpStatusCode.Forbidden, "forged-call");
        }

        Assert.Equal(before, await host.CountRowsAsync());
        using var ours = await browser.SendJsonAsync(HttpMethod.Post, "/api/tenants", Order, Token(browser.Session!.Value));
        Assert.Equal(HttpStatusCode.Accepted, ours.StatusCode);

        // A token in the header is no browser's.
        using var call = await host.SendAsync(HttpMethod.Post, "/api/tenants", ApiHost.ManagerToken, Order);
        Assert.Equal(HttpStatusCode.Conflict, call.StatusCode);
    }

    [Fact]
    public async Task Nobody_is_signed_in_by_another_page()
    {
        using var browser = new Browser(host.Address);
        using var attacker = new Browser(host.Address);
        var theirs = await attacker.FormTokenAsync();
        foreach (var form in new Dictionary<string, string>[] { new() { ["token"] = ApiHost.AdminToken }, new() { ["token"] = ApiHost.AdminToken, ["RequestVerificationToken"] = theirs } })
        {
            using var answer = await browser.PostAsync("/console/sign-in", form);
            await ProblemAssert.IsAsync(answer, HttpStatusCode.Forbidden, "forged-call");
        }

        Assert.Null(browser.Session);
    }

    [Fact]
    public async Task A_session_that_was_there_before_is_over_after_signing_in()
    {
        using var attacker = new Browser(host.Address);
        using (await attacker.SignInAsync(ApiHost.ViewerToken))
        {
        }

        // The attacker's own session, and a made-up one, are put into the victim's browser.
        foreach (var planted in new[] { attacker.Session!.Value, new string('A', 43) })
        {
            using var victim = new Browser(host.Address);
            var form = new Dictionary<string, string> { ["RequestVerificationToken"] = await victim.FormTokenAsync(), ["token"] = ApiHost.AdminToken };
            victim.Cookies.Add(host.Address, new Cookie($"bibind-{host.Address.Port}", planted, "/"));
            using var answer = await victim.PostAsync("/console/sign-in", form);
            Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
            Assert.NotEqual(planted, victim.Session!.Value);
            using var theirs = await attacker.GetAsync("/api/tenants", "application/json");
            Assert.Equal(HttpStatusCode.Unauthorized, theirs.StatusCode);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("'; drop table control.console_sessions; --")]
    [InlineData("%00%ff")]
    public async Task A_forged_cookie_opens_nothing(string value)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/tenants");
        request.Headers.TryAddWithoutValidation("Cookie", $"bibind-{host.Address.Port}={value}; __Host-bibind={value}");
        using var answer = await host.Client.SendAsync(request);
        await ProblemAssert.IsAsync(answer, HttpStatusCode.Unauthorized, "unauthorized");
    }

    [Fact]
    public async Task A_viewer_who_is_signed_in_changes_nothing()
    {
        using var browser = new Browser(host.Address);
        using (await browser.SignInAsync(ApiHost.ViewerToken))
        {
        }

        using var order = await browser.SendJsonAsync(HttpMethod.Post, "/api/tenants", Order, Token(browser.Session!.Value));
        await ProblemAssert.IsAsync(order, HttpStatusCode.Forbidden, "forbidden");
        using var audit = await browser.GetAsync("/api/audit", "application/json");
        Assert.Equal(HttpStatusCode.Forbidden, audit.StatusCode);
    }

    [Fact]
    public async Task Signed_out_is_signed_out_also_for_who_has_kept_the_cookie()
    {
        using var browser = new Browser(host.Address);
        using (await browser.SignInAsync(ApiHost.ManagerToken))
        {
        }

        var kept = browser.Session!.Value;
        using var forged = await browser.PostAsync("/console/sign-out", []);
        Assert.Equal(HttpStatusCode.Forbidden, forged.StatusCode);
        using var answer = await browser.PostAsync("/console/sign-out", new() { ["RequestVerificationToken"] = Token(kept) });
        Assert.Equal((HttpStatusCode.SeeOther, "/console/sign-in?said=signed-out"), (answer.StatusCode, answer.Headers.Location?.OriginalString));
        Assert.Null(browser.Session);
        browser.Cookies.Add(host.Address, new Cookie($"bibind-{host.Address.Port}", kept, "/"));
        using var later = await browser.GetAsync("/api/tenants", "application/json");
        Assert.Equal(HttpStatusCode.Unauthorized, later.StatusCode);
    }

    [Fact]
    public async Task A_session_that_an_operator_ends_is_over_on_a_second_host_too()
    {
        await using var second = new ApiHost(postgres) { ControlDatabase = host.ControlDatabase };
        await second.InitializeAsync();
        using var browser = new Browser(host.Address);
        using (await browser.SignInAsync(ApiHost.ManagerToken))
        {
        }

        using var there = new Browser(second.Address);
        there.Cookies.Add(second.Address, new Cookie($"bibind-{second.Address.Port}", browser.Session!.Value, "/"));
        using var before = await there.GetAsync("/api/tenants", "application/json");
        Assert.Equal(HttpStatusCode.OK, before.StatusCode);

        using var listed = await host.GetAsync("/api/console-sessions", ApiHost.AdminToken);
        var newest = (await ApiHost.JsonAsync(listed)).GetProperty("items")[0];
        Assert.Equal(("sales", "manager", "api", "127.0.0.1"), (Text(newest, "actor"), Text(newest, "role"), Text(newest, "source"), Text(newest, "address")));
        using var ended = await host.SendAsync(HttpMethod.Delete, $"/api/console-sessions/{newest.GetProperty("id").GetInt64()}", ApiHost.AdminToken);
        Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);
        using var here = await browser.GetAsync("/api/tenants", "application/json");
        Assert.Equal(HttpStatusCode.Unauthorized, here.StatusCode);
        await Eventually.UntilAsync(
            async () =>
            {
                using var after = await there.GetAsync("/api/tenants", "application/json");
                return after.StatusCode;
            },
            status => status == HttpStatusCode.Unauthorized, Limit, "the session is over there");
    }

    [Fact]
    public async Task A_session_ends_by_itself_when_nobody_uses_it_and_at_its_end()
    {
        var clock = new Lead();
        await using var late = new ApiHost(postgres) { ControlDatabase = host.ControlDatabase, Clock = clock, More = ["--Console:IdleLimit=00:10:00", "--Console:SessionLifetime=00:25:00"] };
        await late.InitializeAsync();
        using var used = new Browser(late.Address);
        using var idle = new Browser(late.Address);
        using (await used.SignInAsync(ApiHost.ViewerToken))
        {
        }

        using (await idle.SignInAsync(ApiHost.ViewerToken))
        {
        }

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(used, TimeSpan.FromMinutes(8)));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(used, TimeSpan.FromMinutes(16)));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(idle, TimeSpan.FromMinutes(16)));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(used, TimeSpan.FromMinutes(24)));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(used, TimeSpan.FromMinutes(26)));

        async Task<HttpStatusCode> StatusAsync(Browser browser, TimeSpan after)
        {
            clock.By = after;
            using var answer = await browser.GetAsync("/api/tenants", "application/json");
            return answer.StatusCode;
        }
    }

    private string Token(string session) => TokenOf(host, session);

    /// <summary>The antiforgery token that a page of the console has for this session.</summary>
    internal static string TokenOf(ApiHost host, string session)
    {
        var context = new DefaultHttpContext
        {
            User = CallerIdentity.Principal(new Caller("somebody", Role.Viewer) { Session = 1 }, "session"),
        };
        context.Request.Host = new HostString(host.Address.Authority);
        context.Request.Scheme = "http";
        context.Request.Headers.Cookie = $"bibind-{host.Address.Port}={session}";
        return host.Services.GetRequiredService<IAntiforgery>().GetTokens(context).RequestToken!;
    }

    private static string? Text(JsonElement item, string member) => item.GetProperty(member).GetString();

    /// <summary>The machine's clock, some time ahead.</summary>
    private sealed class Lead : TimeProvider
    {
        private long _ticks;

        public TimeSpan By
        {
            set => Interlocked.Exchange(ref _ticks, value.Ticks);
        }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _ticks));
    }
}
