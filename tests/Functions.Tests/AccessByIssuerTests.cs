using System.Net;
using Bibind.Functions.Tests.Hosting;
using Bibind.Testing;
using Bibind.Testing.Servers;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>A host that accepts the tokens of a real issuer.</summary>
public sealed class IssuerHost(PostgresServer postgres) : IAsyncLifetime
{
    private ApiHost? _api;
    private OidcServer? _issuer;

    public ApiHost Api => _api!;

    public OidcServer Issuer => _issuer!;

    public async ValueTask InitializeAsync()
    {
        _issuer = await OidcServer.StartAsync(Clients);
        _api = new ApiHost(postgres) { More = Settings(_issuer) };
        await _api.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        await Issuer.DisposeAsync();
    }

    public static OidcClient[] Clients { get; } =
    [
        new("watcher", """{"roles": ["viewer"]}"""),
        new("sales", """{"roles": "manager unknown"}""") { Algorithm = "ES256" },
        new("operations", """{"roles": ["other", "viewer", "admin"]}"""),
        new("nothing", """{"roles": ["Admin", 3, "administrator"]}"""),
        new("shop", """{"roles": ["admin"], "customer": "c-shop"}"""),
        new("opaque", """{"roles": ["manager"]}""") { Format = "opaque" },
        new("opaque-shop", """{"roles": ["admin"], "customer": "c-shop"}""") { Format = "opaque" },
        new("bibind", "{}"),
    ];

    public static string[] Settings(OidcServer issuer) =>
    [
        $"--Auth:Issuer={issuer.Issuer}", $"--Auth:Audience={OidcServer.Audience}", "--Auth:CustomerClaim=customer", "--Auth:KeyRefreshInterval=00:00:01",
        $"--Auth:Introspection:Url={issuer.IntrospectionUrl}", "--Auth:Introspection:ClientId=bibind", "--Auth:Introspection:ClientSecret=bibind-secret",
        "--Auth:Introspection:CacheLifetime=00:00:00",
    ];
}

/// <summary>Tokens as a real issuer gives them.</summary>
public sealed class AccessByIssuerTests(IssuerHost host, PostgresServer postgres) : IClassFixture<IssuerHost>
{
    [Theory]
    [InlineData("watcher", HttpStatusCode.OK, HttpStatusCode.Forbidden, HttpStatusCode.Forbidden)]
    [InlineData("sales", HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.Forbidden)]
    [InlineData("opaque", HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.Forbidden)]
    [InlineData("operations", HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.NotFound)]
    [InlineData("nothing", HttpStatusCode.Forbidden, HttpStatusCode.Forbidden, HttpStatusCode.Forbidden)]
    public async Task The_role_of_the_token_decides(string client, HttpStatusCode viewers, HttpStatusCode managers, HttpStatusCode admins)
    {
        var token = await host.Issuer.TokenAsync(client);
        using var viewing = await host.Api.GetAsync("/api/tenants", token);
        using var managing = await host.Api.GetAsync("/api/webhooks/odoo/refusals", token);
        using var administrating = await host.Api.GetAsync("/api/servers/none/check", token);
        Assert.Equal((viewers, managers, admins), (viewing.StatusCode, managing.StatusCode, administrating.StatusCode));
    }

    [Fact]
    public async Task Tokens_of_the_settings_work_beside_those_of_the_issuer()
    {
        using var known = await host.Api.GetAsync("/api/tenants");
        using var unknown = await host.Api.GetAsync("/api/tenants", "unknown-token-0123456789abcdef");
        Assert.Equal(HttpStatusCode.OK, known.StatusCode);
        await ProblemAssert.IsAsync(unknown, HttpStatusCode.Unauthorized, "unauthorized");
        Assert.Contains("invalid_token", unknown.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("operations")]
    [InlineData("opaque")]
    public async Task A_token_for_another_service_is_refused(string client)
    {
        using var answer = await host.Api.GetAsync("/api/tenants", await host.Issuer.TokenAsync(client, "urn:other"));
        var problem = await ProblemAssert.IsAsync(answer, HttpStatusCode.Unauthorized, "unauthorized");
        Assert.Equal("The token is meant for another service.", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task A_revoked_opaque_token_is_refused()
    {
        var token = await host.Issuer.TokenAsync("opaque");
        using var before = await host.Api.GetAsync("/api/tenants", token);
        await host.Issuer.RevokeAsync("opaque", token);
        using var after = await host.Api.GetAsync("/api/tenants", token);
        Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        await ProblemAssert.IsAsync(after, HttpStatusCode.Unauthorized, "unauthorized");
    }

    [Theory]
    [InlineData("shop")]
    [InlineData("opaque-shop")]
    public async Task A_customers_token_reaches_that_customers_tenants_only(string client)
    {
        var token = await host.Issuer.TokenAsync(client);
        var code = $"own-{client}";
        using var other = await host.Api.OrderAsync(ApiHost.Order($"not-{client}", more: """, "customer": "c-other" """));
        using var own = await host.Api.SendAsync(HttpMethod.Post, "/api/tenants", token, ApiHost.Order(code));
        using var shown = await host.Api.GetAsync($"/api/tenants/{code}", token);
        using var others = await host.Api.GetAsync($"/api/tenants/not-{client}", token);
        using var servers = await host.Api.GetAsync("/api/servers", token);
        Assert.Equal(HttpStatusCode.Accepted, other.StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, own.StatusCode);
        var tenant = await ApiHost.JsonAsync(shown);
        Assert.Equal("c-shop", tenant.GetProperty("customer").GetString());
        Assert.Equal(client, tenant.GetProperty("requestedBy").GetString());
        await ProblemAssert.IsAsync(others, HttpStatusCode.NotFound, "not-found");
        await ProblemAssert.IsAsync(servers, HttpStatusCode.Forbidden, "forbidden");
    }

    [Fact]
    public async Task Keys_that_the_issuer_changed_are_found_and_the_former_ones_refused()
    {
        await using var issuer = await OidcServer.StartAsync(IssuerHost.Clients);
        await using var api = await StartAsync(issuer);
        var former = await issuer.TokenAsync("operations");
        using var before = await api.GetAsync("/api/tenants", former);
        Assert.Equal(HttpStatusCode.OK, before.StatusCode);

        await issuer.RotateAsync("second");
        var token = await issuer.TokenAsync("operations");
        await Eventually.UntilAsync(
            async () =>
            {
                using var answer = await api.GetAsync("/api/tenants", token);
                return answer.StatusCode;
            },
            status => status == HttpStatusCode.OK, TimeSpan.FromSeconds(20), "the new key is fetched");

        using var after = await api.GetAsync("/api/tenants", former);
        Assert.Equal(HttpStatusCode.Unauthorized, after.StatusCode);
    }

    [Fact]
    public async Task While_the_issuer_is_away_tokens_that_cannot_be_checked_are_asked_to_come_again()
    {
        await using var issuer = await OidcServer.StartAsync(IssuerHost.Clients);
        await using var api = await StartAsync(issuer);
        var (known, opaque) = (await issuer.TokenAsync("operations"), await issuer.TokenAsync("opaque"));
        using var before = await api.GetAsync("/api/tenants", known);
        await issuer.StopAsync();

        using var still = await api.GetAsync("/api/tenants", known);
        using var unknownKey = await Eventually.UntilAsync(
            () => api.GetAsync("/api/tenants", TestTokens.Rs256(issuer.Key, TestTokens.Claims(issuer.Issuer), "third")),
            answer => answer.StatusCode != HttpStatusCode.Unauthorized, TimeSpan.FromSeconds(20), "the interval is over, and the key is looked for");
        using var introspected = await api.GetAsync("/api/tenants", opaque);
        using var local = await api.GetAsync("/api/tenants");
        using var open = await api.GetAsync("/health/live", opaque);

        Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        Assert.Equal(HttpStatusCode.OK, still.StatusCode);
        foreach (var answer in new[] { unknownKey, introspected })
        {
            await ProblemAssert.IsAsync(answer, HttpStatusCode.ServiceUnavailable, "issuer-unavailable");
            Assert.Equal(TimeSpan.FromSeconds(5), answer.Headers.RetryAfter?.Delta);
        }

        Assert.Equal(HttpStatusCode.OK, local.StatusCode);
        Assert.Equal(HttpStatusCode.OK, open.StatusCode);
    }

    [Fact]
    public async Task A_host_that_starts_before_its_issuer_accepts_tokens_as_soon_as_that_is_there()
    {
        await using var issuer = OidcServer.Stopped(IssuerHost.Clients);
        await using var api = await StartAsync(issuer);
        var token = TestTokens.Rs256(issuer.Key, TestTokens.Claims(issuer.Issuer));
        using var early = await api.GetAsync("/api/tenants", token);
        await issuer.StartAgainAsync();
        await Eventually.UntilAsync(
            async () =>
            {
                using var answer = await api.GetAsync("/api/tenants", token);
                return answer.StatusCode;
            },
            status => status == HttpStatusCode.OK, TimeSpan.FromSeconds(30), "the issuer's keys are fetched");
        await ProblemAssert.IsAsync(early, HttpStatusCode.ServiceUnavailable, "issuer-unavailable");
    }

    [Fact]
    public async Task Nothing_of_a_token_is_logged()
    {
        string[] tokens = [await host.Issuer.TokenAsync("operations"), await host.Issuer.TokenAsync("opaque"), await host.Issuer.TokenAsync("nothing"), "eyJub3RoaW5n.bm90aGluZw.c2VjcmV0LXNpZ25hdHVyZQ"];
        foreach (var token in tokens)
        {
            using var answer = await host.Api.GetAsync("/api/tenants", token);
        }

        Assert.All(tokens.SelectMany(t => t.Split('.')), part => Assert.DoesNotContain(part, host.Api.Logs.Text, StringComparison.Ordinal));
        Assert.DoesNotContain("bibind-secret", host.Api.Logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_OpenAPI_document_names_the_issuer_and_what_customers_reach()
    {
        using var answer = await host.Api.GetAsync("/openapi/v1.json", token: null);
        var document = await ApiHost.JsonAsync(answer);
        var schemes = document.GetProperty("components").GetProperty("securitySchemes");
        Assert.Equal($"{host.Issuer.Issuer}/.well-known/openid-configuration", schemes.GetProperty("openId").GetProperty("openIdConnectUrl").GetString());
        var paths = document.GetProperty("paths");
        Assert.Equal(2, paths.GetProperty("/api/tenants").GetProperty("get").GetProperty("security").GetArrayLength());
        Assert.Contains("customer", paths.GetProperty("/api/tenants").GetProperty("get").GetProperty("description").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("customer", paths.GetProperty("/api/servers").GetProperty("get").GetProperty("description").GetString(), StringComparison.Ordinal);
    }

    private async Task<ApiHost> StartAsync(OidcServer issuer)
    {
        var api = new ApiHost(postgres) { More = IssuerHost.Settings(issuer) };
        await api.InitializeAsync();
        return api;
    }
}
