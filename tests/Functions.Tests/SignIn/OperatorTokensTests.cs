using System.Globalization;
using System.Net;
using System.Text.Json;
using Bibind.Functions.Tests.Hosting;
using Bibind.Testing;
using Xunit;

namespace Bibind.Functions.Tests.SignIn;

/// <summary>Tokens that operators make: shown once, stored hashed, ended and revoked everywhere, and never more than their maker has.</summary>
public sealed class OperatorTokensTests(ApiHost host, PostgresServer postgres) : IClassFixture<ApiHost>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_token_is_shown_once_and_opens_what_its_role_opens()
    {
        var (token, info) = await MakeAsync("""{"name": "ci", "role": "manager", "reason": "builds"}""");
        Assert.Matches(@"\Abib_[A-Za-z0-9_-]{49}\z", token);
        Assert.Equal(("ci", "manager", "valid", token[..8], "builds", "operator"), (Text(info, "name"), Text(info, "role"), Text(info, "state"), Text(info, "hint"), Text(info, "reason"), Text(info, "createdBy")));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(host, token));
        using var manages = await host.SendAsync(HttpMethod.Post, "/api/tenants", token, "{}");
        using var administers = await host.GetAsync("/api/audit", token);
        Assert.Equal((HttpStatusCode.UnprocessableEntity, HttpStatusCode.Forbidden), (manages.StatusCode, administers.StatusCode));

        // It is nowhere: not in the list, the database, the log or the audit.
        using var list = await host.GetAsync("/api/operator-tokens", ApiHost.AdminToken);
        var text = await list.Content.ReadAsStringAsync();
        Assert.Contains("\"usedAt\":\"", text, StringComparison.Ordinal);
        using var audit = await host.GetAsync("/api/audit?subject=ci", ApiHost.AdminToken);
        Assert.Contains("POST /api/operator-tokens", await audit.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await host.ScalarAsync<long>($"select count(*) from control.operator_tokens t where t::text like '%{token}%'"));
        Assert.DoesNotContain(token, text + host.Logs.Text + await audit.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_revoked_token_is_out_at_once_here_and_soon_on_a_second_host_with_its_sessions()
    {
        await using var second = new ApiHost(postgres) { ControlDatabase = host.ControlDatabase };
        await second.InitializeAsync();
        var (token, info) = await MakeAsync("""{"name": "leaving", "role": "viewer"}""");
        using var browser = new Browser(second.Address);
        using (await browser.SignInAsync(token))
        {
        }

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await StatusAsync(host, token), await StatusAsync(second, token)));
        var address = $"/api/operator-tokens/{info.GetProperty("id").GetInt64().ToString(CultureInfo.InvariantCulture)}";
        using var revoked = await host.SendAsync(HttpMethod.Delete, address, ApiHost.AdminToken);
        using var again = await host.SendAsync(HttpMethod.Delete, address, ApiHost.AdminToken);
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), (revoked.StatusCode, again.StatusCode));
        using var refused = await host.GetAsync("/api/tenants", token);
        var problem = await ProblemAssert.IsAsync(refused, HttpStatusCode.Unauthorized, "unauthorized");
        Assert.Contains("was revoked at", Text(problem, "detail"), StringComparison.Ordinal);
        await Eventually.UntilAsync(() => StatusAsync(second, token), s => s == HttpStatusCode.Unauthorized, Limit, "the token is out there");
        await Eventually.UntilAsync(
            async () =>
            {
                using var answer = await browser.GetAsync("/api/tenants", "application/json");
                return answer.StatusCode;
            },
            s => s == HttpStatusCode.Unauthorized, Limit, "its session is over");

        // Its name is free for the one that replaces it.
        await MakeAsync("""{"name": "leaving", "role": "viewer"}""");
    }

    [Fact]
    public async Task A_token_ends()
    {
        var (token, info) = await MakeAsync($$"""{"name": "short", "role": "viewer", "expiresAt": "{{DateTimeOffset.UtcNow.AddHours(1):O}}"}""");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(host, token));
        await host.ExecuteAsync($"update control.operator_tokens set expires_at = now() where id = {info.GetProperty("id").GetInt64()}");
        await Eventually.UntilAsync(() => StatusAsync(host, token), s => s == HttpStatusCode.Unauthorized, Limit, "the token has ended");
        using var browser = new Browser(host.Address);
        using var signIn = await browser.SignInAsync(token);
        Assert.Equal(HttpStatusCode.Forbidden, signIn.StatusCode);
    }

    [Fact]
    public async Task Nobody_gives_or_takes_more_than_they_have()
    {
        var (_, info) = await MakeAsync("""{"name": "chief", "role": "admin"}""");
        using var more = await host.SendAsync(HttpMethod.Post, "/api/operator-tokens", ApiHost.ManagerToken, """{"name": "up", "role": "admin"}""");
        using var taken = await host.SendAsync(HttpMethod.Delete, $"/api/operator-tokens/{info.GetProperty("id").GetInt64()}", ApiHost.ManagerToken);
        using var same = await host.SendAsync(HttpMethod.Post, "/api/operator-tokens", ApiHost.AdminToken, """{"name": "chief", "role": "viewer"}""");
        await ProblemAssert.IsAsync(more, HttpStatusCode.Forbidden, "forbidden");
        await ProblemAssert.IsAsync(taken, HttpStatusCode.Forbidden, "forbidden");
        await ProblemAssert.IsAsync(same, HttpStatusCode.Conflict, "name-taken");
        using var equal = await host.SendAsync(HttpMethod.Post, "/api/operator-tokens", ApiHost.ManagerToken, """{"name": "colleague", "role": "manager"}""");
        Assert.Equal(HttpStatusCode.Created, equal.StatusCode);
    }

    [Fact]
    public async Task A_customers_tokens_stay_that_customers()
    {
        var (own, _) = await MakeAsync("""{"name": "owner", "role": "manager", "customer": "c-own"}""");
        var (_, other) = await MakeAsync("""{"name": "owner", "role": "viewer", "customer": "c-other"}""");
        using var foreign = await host.SendAsync(HttpMethod.Post, "/api/operator-tokens", own, """{"name": "spy", "role": "viewer", "customer": "c-other"}""");
        using var revoked = await host.SendAsync(HttpMethod.Delete, $"/api/operator-tokens/{other.GetProperty("id").GetInt64()}", own);
        using var made = await host.SendAsync(HttpMethod.Post, "/api/operator-tokens", own, """{"name": "shop", "role": "viewer"}""");
        using var list = await host.GetAsync("/api/operator-tokens", own);
        await ProblemAssert.IsAsync(foreign, HttpStatusCode.Forbidden, "forbidden");
        await ProblemAssert.IsAsync(revoked, HttpStatusCode.NotFound, "not-found");
        Assert.Equal("c-own", Text((await ApiHost.JsonAsync(made)).GetProperty("info"), "customer"));
        Assert.Equal(["shop", "owner"], (await ApiHost.JsonAsync(list)).GetProperty("items").EnumerateArray().Select(t => Text(t, "name")));
        using var servers = await host.GetAsync("/api/servers", own);
        await ProblemAssert.IsAsync(servers, HttpStatusCode.Forbidden, "forbidden");
        using var browser = new Browser(host.Address);
        using var signIn = await browser.SignInAsync(own);
        Assert.Equal(HttpStatusCode.Forbidden, signIn.StatusCode);
        Assert.Contains("for operators", await signIn.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Null(browser.Session);
    }

    [Theory]
    [InlineData("bib_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("bib_")]
    [InlineData("BIB_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task What_is_none_is_refused(string token) => Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(host, token));

    private async Task<(string Token, JsonElement Info)> MakeAsync(string json)
    {
        using var answer = await host.SendAsync(HttpMethod.Post, "/api/operator-tokens", ApiHost.AdminToken, json);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var made = await ApiHost.JsonAsync(answer);
        return (Text(made, "token"), made.GetProperty("info"));
    }

    private static async Task<HttpStatusCode> StatusAsync(ApiHost api, string token)
    {
        using var answer = await api.GetAsync("/api/tenants", token);
        return answer.StatusCode;
    }

    private static string Text(JsonElement item, string member) => item.GetProperty(member).GetString()!;
}
