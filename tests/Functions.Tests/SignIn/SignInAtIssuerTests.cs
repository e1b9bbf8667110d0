using System.Net;
using System.Text.Json;
using Bibind.Functions.Tests.Hosting;
using Bibind.Testing.Servers;
using Xunit;

namespace Bibind.Functions.Tests.SignIn;

/// <summary>A console whose people sign in at a real issuer.</summary>
public sealed class ConsoleIssuerHost(PostgresServer postgres) : IAsyncLifetime
{
    private ApiHost? _api;

    public ApiHost Api => _api!;

    public OidcServer Issuer { get; } = OidcServer.Stopped();

    public async ValueTask InitializeAsync()
    {
        Issuer.Accounts["ada"] = """{"roles": ["admin"]}""";
        Issuer.Accounts["vera"] = """{"roles": ["viewer"]}""";
        Issuer.Accounts["nobody"] = """{"roles": ["other"]}""";
        Issuer.Accounts["shopkeeper"] = """{"roles": ["admin"], "customer": "c-shop"}""";
        _api = new ApiHost(postgres) { More = Settings(Issuer, "bibind-console-secret") };
        await _api.InitializeAsync();
        await Issuer.StartAgainAsync(Client(_api.Address), new OidcClient("bibind-cli", """{"roles": ["viewer"]}""") { IsDevice = true });
    }

    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        await Issuer.DisposeAsync();
    }

    public static OidcClient Client(params Uri[] consoles) => new("bibind-console", "{}")
    {
        Redirects = [.. consoles.Select(c => $"{c.GetLeftPart(UriPartial.Authority)}/console/callback")],
        SignedOut = [.. consoles.Select(c => $"{c.GetLeftPart(UriPartial.Authority)}/console/sign-in")],
    };

    public static string[] Settings(OidcServer issuer, string secret) =>
    [
        $"--Auth:Issuer={issuer.Issuer}", $"--Auth:Audience={OidcServer.Audience}", "--Auth:CustomerClaim=customer",
        "--Auth:Console:ClientId=bibind-console", $"--Auth:Console:ClientSecret={secret}", "--Auth:Cli:ClientId=bibind-cli",
    ];
}

/// <summary>People sign in and out at a real issuer, by its own pages.</summary>
public sealed class SignInAtIssuerTests(ConsoleIssuerHost host, PostgresServer postgres) : IClassFixture<ConsoleIssuerHost>
{
    [Theory]
    [InlineData("ada", HttpStatusCode.OK)]
    [InlineData("vera", HttpStatusCode.Forbidden)]
    public async Task Their_role_is_the_claims(string login, HttpStatusCode administrators)
    {
        using var browser = new Browser(host.Api.Address);
        using var back = await IssuerSignIn.SignInAsync(browser, login, "/console/jobs?state=failed");
        Assert.Equal((HttpStatusCode.SeeOther, "/console/jobs?state=failed"), (back.StatusCode, back.Headers.Location?.OriginalString));
        using var viewing = await browser.GetAsync("/api/tenants", "application/json");
        using var administrating = await browser.GetAsync("/api/console-sessions", "application/json");
        Assert.Equal((HttpStatusCode.OK, administrators), (viewing.StatusCode, administrating.StatusCode));
        Assert.Equal("oidc", await host.Api.ScalarAsync<string>($"select source from control.console_sessions where actor = '{login}' order by id desc limit 1"));
        Assert.Equal(1, await host.Api.ScalarAsync<long>("select count(*) from control.secrets where name like 'console-sessions/%' and name = (select 'console-sessions/' || max(id) || '/id-token' from control.console_sessions)"));
    }

    [Theory]
    [InlineData("nobody", "none of the roles")]
    [InlineData("shopkeeper", "for operators")]
    public async Task Whoever_has_no_role_here_or_is_a_customer_is_told_so(string login, string words)
    {
        using var browser = new Browser(host.Api.Address);
        using var back = await IssuerSignIn.SignInAsync(browser, login);
        Assert.Equal(HttpStatusCode.Forbidden, back.StatusCode);
        Assert.Contains(words, await back.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Null(browser.Session);
    }

    [Fact]
    public async Task Signing_out_signs_out_at_the_issuer_too()
    {
        using var browser = new Browser(host.Api.Address);
        using (await IssuerSignIn.SignInAsync(browser, "ada"))
        {
        }

        using var again = await browser.GetAsync("/console/sign-in/start");
        var silent = await IssuerSignIn.GoAsync(browser, again.Headers.Location!, "vera");
        using (await browser.Client.GetAsync(silent))
        {
        }

        Assert.Equal("ada", await host.Api.ScalarAsync<string>("select actor from control.console_sessions order by id desc limit 1"));
        using var out1 = await browser.PostAsync("/console/sign-out", new() { ["RequestVerificationToken"] = ConsoleSessionTests.TokenOf(host.Api, browser.Session!.Value) });
        Assert.Equal(HttpStatusCode.SeeOther, out1.StatusCode);
        Assert.StartsWith($"{host.Issuer.Issuer}/session/end?", out1.Headers.Location!.OriginalString, StringComparison.Ordinal);
        var back = await IssuerSignIn.GoAsync(browser, out1.Headers.Location, "");
        Assert.Equal("/console/sign-in", back.AbsolutePath);
        Assert.Null(browser.Session);

        // Who signs in next is asked who they are.
        using (await IssuerSignIn.SignInAsync(browser, "vera"))
        {
        }

        Assert.Equal("vera", await host.Api.ScalarAsync<string>("select actor from control.console_sessions order by id desc limit 1"));
    }

    [Fact]
    public async Task Nobody_comes_back_twice_or_in_another_browser_or_with_another_state()
    {
        using var browser = new Browser(host.Api.Address);
        using var start = await browser.GetAsync("/console/sign-in/start");
        var back = await IssuerSignIn.GoAsync(browser, start.Headers.Location!, "ada");

        // Login CSRF: the attacker's way back in the victim's browser, which has a sign-in of its own.
        using var victim = new Browser(host.Api.Address);
        using var without = await victim.Client.GetAsync(back);
        using (await victim.GetAsync("/console/sign-in/start"))
        {
        }

        using var with = await victim.Client.GetAsync(back);
        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (without.StatusCode, with.StatusCode));
        Assert.Null(victim.Session);

        using var first = await browser.Client.GetAsync(back);
        Assert.Equal(HttpStatusCode.SeeOther, first.StatusCode);
        var session = browser.Session!.Value;
        using var second = await browser.Client.GetAsync(back);
        Assert.Equal(HttpStatusCode.Forbidden, second.StatusCode);
        Assert.Equal(session, browser.Session!.Value);
    }

    [Fact]
    public async Task The_code_alone_is_worth_nothing_and_works_once()
    {
        using var browser = new Browser(host.Api.Address);
        using var start = await browser.GetAsync("/console/sign-in/start");
        var cookie = browser.Cookies.GetCookies(browser.Address).Single(c => c.Name.StartsWith("bibind-code-flow", StringComparison.Ordinal));
        var (name, value) = (cookie.Name, cookie.Value);
        var back = await IssuerSignIn.GoAsync(browser, start.Headers.Location!, "ada");
        using (await browser.Client.GetAsync(back))
        {
        }

        // Even with the cookie that was kept.
        using var other = new Browser(host.Api.Address);
        other.Cookies.Add(other.Address, new Cookie(name, value, "/"));
        using var replayed = await other.Client.GetAsync(back);
        Assert.Equal(HttpStatusCode.Forbidden, replayed.StatusCode);
        Assert.Contains("used before", await replayed.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Null(other.Session);
    }

    [Fact]
    public async Task Roles_that_only_the_userinfo_endpoint_has_count_and_a_secret_may_be_in_a_file()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "bibind-console-secret\n");
        await using var issuer = OidcServer.Stopped();
        issuer.Accounts["ada"] = """{"roles": ["manager"]}""";
        issuer.ClaimsInIdToken = false;
        await using var api = new ApiHost(postgres) { More = ConsoleIssuerHost.Settings(issuer, $"file:{file}") };
        await api.InitializeAsync();
        await issuer.StartAgainAsync(ConsoleIssuerHost.Client(api.Address));
        using var browser = new Browser(api.Address);
        using var back = await IssuerSignIn.SignInAsync(browser, "ada");
        Assert.Equal(HttpStatusCode.SeeOther, back.StatusCode);
        Assert.Equal("manager", await api.ScalarAsync<string>("select role from control.console_sessions"));
        File.Delete(file);

        // Where the issuer is away, people hear so, and who is signed in stays.
        await issuer.StopAsync();
        using var start = await browser.GetAsync("/console/sign-in/start");
        var answer = await IssuerAwayAsync(browser, start);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer);
        using var still = await browser.GetAsync("/api/tenants", "application/json");
        Assert.Equal(HttpStatusCode.OK, still.StatusCode);
    }

    [Fact]
    public async Task Programs_are_told_where_to_sign_in()
    {
        using var answer = await host.Api.GetAsync("/api/sign-in", token: null);
        var told = await ApiHost.JsonAsync(answer);
        Assert.Equal(
            (host.Issuer.Issuer, "bibind-cli", "openid offline_access", OidcServer.Audience, $"{host.Issuer.Issuer}/device/auth", $"{host.Issuer.Issuer}/token"),
            (Text(told, "issuer"), Text(told, "clientId"), Text(told, "scopes"), Text(told, "audience"), Text(told, "deviceAuthorizationEndpoint"), Text(told, "tokenEndpoint")));
        await using var other = new ApiHost(postgres);
        await other.InitializeAsync();
        using var none = await other.GetAsync("/api/sign-in", token: null);
        Assert.DoesNotContain((await ApiHost.JsonAsync(none)).EnumerateObject(), m => m.Value.ValueKind != JsonValueKind.Null);
        using var start = await other.GetAsync("/console/sign-in/start", token: null);
        await ProblemAssert.IsAsync(start, HttpStatusCode.NotFound, "not-found");
    }

    [Fact]
    public async Task A_program_signs_in_by_a_code_that_a_person_confirms()
    {
        using var answer = await host.Api.GetAsync("/api/sign-in", token: null);
        var told = await ApiHost.JsonAsync(answer);
        using var program = new HttpClient();
        var id = Text(told, "clientId")!;
        using var begun = await program.PostAsync(
            Text(told, "deviceAuthorizationEndpoint"), new FormUrlEncodedContent(new Dictionary<string, string> { ["client_id"] = id, ["scope"] = Text(told, "scopes")! }));
        var device = await ApiHost.JsonAsync(begun);
        using var early = await AskAsync();
        Assert.Equal("authorization_pending", Text(await ApiHost.JsonAsync(early), "error"));

        using var browser = new Browser(host.Api.Address);
        await IssuerSignIn.ConfirmAsync(browser, new Uri(Text(device, "verification_uri")!), Text(device, "user_code")!, "vera");
        using var given = await AskAsync();
        var token = Text(await ApiHost.JsonAsync(given), "access_token")!;
        using var list = await host.Api.GetAsync("/api/tenants", token);
        using var order = await host.Api.SendAsync(HttpMethod.Post, "/api/tenants", token, ApiHost.Order("acme"));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Forbidden), (list.StatusCode, order.StatusCode));
        Assert.Equal("vera oidc", await host.Api.ScalarAsync<string>("select actor || ' ' || source from control.audit where action = 'POST /api/tenants'"));

        Task<HttpResponseMessage> AskAsync() => program.PostAsync(Text(told, "tokenEndpoint"), new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "urn:ietf:params:oauth:grant-type:device_code",
            ["device_code"] = Text(device, "device_code")!,
            ["client_id"] = id,
        }));
    }

    [Fact]
    public async Task Forms_of_pages_may_lead_to_the_issuer_and_nowhere_else()
    {
        using var page = await host.Api.GetAsync("/console/sign-in", token: null);
        var policy = page.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains($"form-action 'self' {host.Issuer.Issuer};", policy, StringComparison.Ordinal);
        Assert.Contains("/console/sign-in/start?return=", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    // What is known of the issuer stays in use, so that only the way back needs it.
    private static async Task<HttpStatusCode> IssuerAwayAsync(Browser browser, HttpResponseMessage start)
    {
        if (start.StatusCode != HttpStatusCode.SeeOther)
        {
            return start.StatusCode;
        }

        var state = System.Web.HttpUtility.ParseQueryString(start.Headers.Location!.Query)["state"];
        using var back = await browser.GetAsync($"/console/callback?code=x&state={Uri.EscapeDataString(state!)}");
        return back.StatusCode;
    }

    private static string? Text(JsonElement item, string member) => item.GetProperty(member).GetString();
}
