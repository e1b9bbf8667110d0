using System.Net;
using System.Text.Json;
using Bibind.ControlPlane.Support;
using Bibind.Functions.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>Operators' accesses by the API and by the letter's page: who may do what, and what is refused. What the job does has tests of its own.</summary>
public sealed class SupportTests(PostgresServer postgres) : IAsyncLifetime
{
    private const string Anna = "customers-anna-token-0123456789";
    private const string Eve = "customers-eve-token-0123456789ab";
    private const string Olga = "operator-olga-token-0123456789ab";
    private const string Wish = """{"reason": "ticket 7"}""";

    private readonly ApiHost _host = new(postgres)
    {
        More =
        [
            "--Auth:Tokens:3:Name=anna", $"--Auth:Tokens:3:Token={Anna}", "--Auth:Tokens:3:Role=manager", "--Auth:Tokens:3:Customer=c-anna",
            "--Auth:Tokens:4:Name=eve", $"--Auth:Tokens:4:Token={Eve}", "--Auth:Tokens:4:Role=admin", "--Auth:Tokens:4:Customer=c-eve",
            "--Auth:Tokens:5:Name=olga", $"--Auth:Tokens:5:Token={Olga}", "--Auth:Tokens:5:Role=manager",
            "--Support:ConsentUrl=https://api.example.com/support-access/consent",
        ],
    };

    public async ValueTask InitializeAsync()
    {
        await _host.InitializeAsync();
        foreach (var (code, customer) in new[] { ("anna", "c-anna"), ("eve", "c-eve") })
        {
            await _host.OrderTenantAsync(code);
            await _host.ExecuteAsync(
                $"""
                update control.jobs set finished_at = now(), outcome = 'succeeded' where tenant_code = '{code}';
                update control.tenants set state = 'active', activated_at = now(), customer = '{customer}' where code = '{code}';
                """);
        }
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_request_is_one_however_often_it_is_sent_and_another_one_is_refused_while_it_lasts()
    {
        var first = await RequestAsync();
        var again = await RequestAsync();
        using var other = await PostAsync("anna", string.Empty, ApiHost.ManagerToken, """{"reason": "ticket 8"}""");
        using var another = await PostAsync("anna", string.Empty, Olga, Wish);

        Assert.Equal((first.GetProperty("id").GetInt64(), "granting"), (again.GetProperty("id").GetInt64(), again.GetProperty("state").GetString()));
        Assert.Equal(("user", 60), (first.GetProperty("level").GetString(), first.GetProperty("minutes").GetInt32()));
        await ProblemAssert.IsAsync(other, HttpStatusCode.Conflict, "support-access-live");
        Assert.Equal(HttpStatusCode.Accepted, another.StatusCode);
        Assert.Equal(0, await _host.ScalarAsync<long>("select count(*) from control.secrets where name like '%/support-%/token'"));
    }

    [Theory]
    [InlineData("provisioning")]
    [InlineData("suspended")]
    [InlineData("upgrading")]
    [InlineData("moving")]
    [InlineData("restoring")]
    public async Task A_tenant_that_is_not_active_is_not_entered(string state)
    {
        await _host.ExecuteAsync($"update control.tenants set state = '{state}' where code = 'anna'");

        using var refused = await PostAsync("anna", string.Empty, ApiHost.ManagerToken, Wish);

        await ProblemAssert.IsAsync(refused, HttpStatusCode.Conflict, "tenant-not-active");
    }

    [Fact]
    public async Task Every_wrong_field_is_named()
    {
        using var refused = await PostAsync("anna", string.Empty, ApiHost.ManagerToken, """{"reason": " ", "level": "root", "minutes": 481}""");

        var problem = await ProblemAssert.IsAsync(refused, HttpStatusCode.UnprocessableEntity, "invalid-command");
        Assert.Equal(["level", "minutes", "reason"], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Only_the_tenants_own_customer_decides_and_no_token_that_the_operator_made()
    {
        await ConsentIsWantedAsync();
        var id = (await RequestAsync()).GetProperty("id").GetInt64();
        using var made = await _host.SendAsync(HttpMethod.Post, "/api/operator-tokens", ApiHost.ManagerToken, """{"name": "for anna", "role": "manager", "customer": "c-anna"}""");
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var token = (await ApiHost.JsonAsync(made)).GetProperty("token").GetString()!;

        foreach (var decision in new[] { "approve", "refuse" })
        {
            using var manager = await PostAsync("anna", $"/{id}/{decision}", ApiHost.ManagerToken, "{}");
            using var admin = await PostAsync("anna", $"/{id}/{decision}", ApiHost.AdminToken, "{}");
            using var own = await PostAsync("anna", $"/{id}/{decision}", token, "{}");
            using var stranger = await PostAsync("anna", $"/{id}/{decision}", Eve, "{}");
            using var elsewhere = await PostAsync("eve", $"/{id}/{decision}", Eve, "{}");
            await ProblemAssert.IsAsync(manager, HttpStatusCode.Forbidden, "consent-of-operator");
            await ProblemAssert.IsAsync(admin, HttpStatusCode.Forbidden, "consent-of-operator");
            await ProblemAssert.IsAsync(own, HttpStatusCode.Forbidden, "consent-of-operator");
            await ProblemAssert.IsAsync(stranger, HttpStatusCode.NotFound, "not-found");
            await ProblemAssert.IsAsync(elsewhere, HttpStatusCode.NotFound, "not-found");
        }

        using var approved = await PostAsync("anna", $"/{id}/approve", Anna, """{"reason": "please"}""");
        using var again = await PostAsync("anna", $"/{id}/approve", Anna, "{}");
        using var changed = await PostAsync("anna", $"/{id}/refuse", Anna, "{}");
        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (approved.StatusCode, again.StatusCode));
        var shown = await ApiHost.JsonAsync(approved);
        Assert.Equal(("granting", "anna", "please"), (shown.GetProperty("state").GetString(), shown.GetProperty("decidedBy").GetString(), shown.GetProperty("decisionReason").GetString()));
        await ProblemAssert.IsAsync(changed, HttpStatusCode.Conflict, "support-access-state");
    }

    [Fact]
    public async Task A_customer_sees_and_ends_the_accesses_to_their_own_tenants_and_asks_for_none()
    {
        var id = (await RequestAsync()).GetProperty("id").GetInt64();

        using var list = await _host.GetAsync("/api/tenants/anna/support-access?state=granting", Anna);
        using var others = await _host.GetAsync("/api/tenants/anna/support-access", Eve);
        using var other = await _host.GetAsync($"/api/tenants/eve/support-access/{id}", Eve);
        using var asked = await PostAsync("anna", string.Empty, Anna, Wish);
        using var credentials = await PostAsync("anna", $"/{id}/credentials", Anna, "{}");
        using var stranger = await PostAsync("eve", $"/{id}/revoke", Eve, "{}");
        using var revoked = await PostAsync("anna", $"/{id}/revoke", Anna, "{}");
        using var again = await PostAsync("anna", $"/{id}/revoke", ApiHost.ManagerToken, "{}");

        Assert.Equal(1, (await ApiHost.JsonAsync(list)).GetProperty("total").GetInt32());
        Assert.Equal(
            [HttpStatusCode.NotFound, HttpStatusCode.NotFound, HttpStatusCode.Forbidden, HttpStatusCode.Forbidden, HttpStatusCode.NotFound, HttpStatusCode.Accepted, HttpStatusCode.Accepted],
            new[] { others, other, asked, credentials, stranger, revoked, again }.Select(a => a.StatusCode));
        var ended = await ApiHost.JsonAsync(again);
        Assert.Equal(("ending", "anna"), (ended.GetProperty("state").GetString(), ended.GetProperty("revokedBy").GetString()));
    }

    [Fact]
    public async Task Credentials_are_shown_once_to_who_asked_while_it_is_open()
    {
        var access = await RequestAsync();
        var id = access.GetProperty("id").GetInt64();
        using var early = await PostAsync("anna", $"/{id}/credentials", ApiHost.ManagerToken, "{}");
        await ProblemAssert.IsAsync(early, HttpStatusCode.Conflict, "support-access-state");
        await _host.Services.GetRequiredService<SupportSecrets>().PasswordAsync(
            await _host.ScalarAsync<long>("select id from control.tenants where code = 'anna'"), id, () => "secret-of-olga", TestContext.Current.CancellationToken);
        await _host.ExecuteAsync($"update control.support_accesses set state = 'open', opened_at = now(), expires_at = now() + interval '1 hour' where id = {id}");

        using var other = await PostAsync("anna", $"/{id}/credentials", Olga, "{}");
        using var admin = await PostAsync("anna", $"/{id}/credentials", ApiHost.AdminToken, "{}");
        using var shown = await PostAsync("anna", $"/{id}/credentials", ApiHost.ManagerToken, "{}");
        using var again = await PostAsync("anna", $"/{id}/credentials", ApiHost.ManagerToken, "{}");

        await ProblemAssert.IsAsync(other, HttpStatusCode.Forbidden, "not-your-access");
        await ProblemAssert.IsAsync(admin, HttpStatusCode.Forbidden, "not-your-access");
        var credentials = await ApiHost.JsonAsync(shown);
        Assert.Equal(("secret-of-olga", access.GetProperty("login").GetString()), (credentials.GetProperty("password").GetString(), credentials.GetProperty("login").GetString()));
        await ProblemAssert.IsAsync(again, HttpStatusCode.Gone, "credentials-revealed");
        Assert.Equal(0, await _host.ScalarAsync<long>("select count(*) from control.audit where reason like '%secret-of-olga%' or path like '%secret%'"));
    }

    [Theory]
    [InlineData("approve", "granting")]
    [InlineData("refuse", "refused")]
    public async Task The_letters_link_decides_once_and_looking_at_it_decides_nothing(string decision, string state)
    {
        await ConsentIsWantedAsync();
        var id = (await RequestAsync("""{"reason": "<b>ticket</b> 7"}""")).GetProperty("id").GetInt64();
        var link = await LinkAsync(id);
        var token = link.Split("token=")[1].Split('&')[0];

        using var looked = await _host.GetAsync($"/support-access/consent?token={token}&lang=fr", token: null);
        var page = await looked.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal("waiting", await StateAsync(id));
        Assert.Contains("&lt;b&gt;ticket&lt;/b&gt; 7", page, StringComparison.Ordinal);
        Assert.Equal("no-store", looked.Headers.CacheControl!.ToString());
        using var nonsense = await FormAsync(token, "perhaps");
        using var broken = await FormAsync(token[..^1], decision);
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (nonsense.StatusCode, broken.StatusCode));

        using var decided = await FormAsync(token, decision);
        using var replayed = await FormAsync(token, decision == "approve" ? "refuse" : "approve");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Gone), (decided.StatusCode, replayed.StatusCode));
        Assert.Equal(state, await StateAsync(id));
        Assert.Equal(1, await _host.ScalarAsync<long>(
            $"select count(*) from control.audit where source = 'link' and customer = 'c-anna' and subject = 'anna' and status = 200 and reason like '{decision} support access {id} of %'"));
        Assert.Equal(0, await _host.ScalarAsync<long>($"select count(*) from control.audit where path like '%{token}%'"));
        Assert.Equal(0, await _host.ScalarAsync<long>("select count(*) from control.secrets where name like '%/token'"));
    }

    [Fact]
    public async Task The_letters_link_ends_with_its_time_and_with_the_request()
    {
        await ConsentIsWantedAsync();
        var late = (await RequestAsync()).GetProperty("id").GetInt64();
        var token = (await LinkAsync(late)).Split("token=")[1].Split('&')[0];
        await _host.ExecuteAsync("update control.support_accesses set consent_until = now() - interval '1 second'");
        using var looked = await _host.GetAsync($"/support-access/consent?token={token}", token: null);
        using var expired = await FormAsync(token, "approve");
        Assert.Equal((HttpStatusCode.Gone, HttpStatusCode.Gone, "waiting"), (looked.StatusCode, expired.StatusCode, await StateAsync(late)));

        using var revoked = await PostAsync("anna", $"/{late}/revoke", ApiHost.ManagerToken, "{}");
        using var withdrawn = await FormAsync(token, "approve");
        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Gone, "ended"), (revoked.StatusCode, withdrawn.StatusCode, await StateAsync(late)));
    }

    private Task ConsentIsWantedAsync() => _host.ExecuteAsync("update control.plans set support_consent = true; update control.tenants t set plan_version = p.version from control.plans p where p.code = t.plan");

    private async Task<JsonElement> RequestAsync(string body = Wish)
    {
        using var answer = await PostAsync("anna", string.Empty, ApiHost.ManagerToken, body);
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        return await ApiHost.JsonAsync(answer);
    }

    private Task<HttpResponseMessage> PostAsync(string code, string what, string token, string body) =>
        _host.SendAsync(HttpMethod.Post, $"/api/tenants/{code}/support-access{what}", token, body);

    private async Task<string> LinkAsync(long id) => (await _host.Services.GetRequiredService<SupportSecrets>().FindLinkAsync(
        await _host.ScalarAsync<long>("select id from control.tenants where code = 'anna'"), id, "en", TestContext.Current.CancellationToken))!;

    private async Task<string?> StateAsync(long id) => await _host.ScalarAsync<string>($"select state from control.support_accesses where id = {id}");

    private Task<HttpResponseMessage> FormAsync(string token, string decision) => _host.Client.PostAsync(
        new Uri("/support-access/consent", UriKind.Relative), new FormUrlEncodedContent([new("token", token), new("decision", decision)]), TestContext.Current.CancellationToken);
}
