using System.Net;
using System.Text;
using Bibind.Functions.Tests.Hosting;
using Bibind.Testing.Servers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>How much a caller can make us ask the issuer, and what an issuer's misbehaviour leads to.</summary>
public sealed class AccessLimitsTests(PostgresServer postgres)
{
    [Fact]
    public async Task A_flood_of_unknown_key_ids_costs_the_issuer_one_question()
    {
        await using var issuer = await IssuerStub.StartAsync();
        await using var api = await StartAsync(issuer);
        using var first = await api.GetAsync("/api/tenants", Token(issuer, "first"));
        var before = issuer.Questions;

        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(n => api.GetAsync("/api/tenants", Token(issuer, $"made-up-{n}"))));

        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal(1, before);
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode));
        Assert.InRange(issuer.Questions, before, before + 1);
        using var still = await api.GetAsync("/api/tenants", Token(issuer, "first"));
        Assert.Equal(HttpStatusCode.OK, still.StatusCode);
    }

    [Fact]
    public async Task A_new_key_id_is_looked_for_again_after_the_interval_and_not_before()
    {
        await using var issuer = await IssuerStub.StartAsync();
        var clock = new StandingClock();
        using var keys = Keys(issuer, clock);
        await keys.GetAsync("first", CancellationToken.None);
        clock.Pass(TimeSpan.FromSeconds(29));
        await keys.GetAsync("new", CancellationToken.None);
        var early = issuer.Questions;
        clock.Pass(TimeSpan.FromSeconds(1));
        await keys.GetAsync("new", CancellationToken.None);
        await keys.GetAsync("newer", CancellationToken.None);
        Assert.Equal((1, 2), (early, issuer.Questions));
    }

    [Fact]
    public async Task Keys_are_renewed_every_hour_and_kept_while_the_issuer_is_away()
    {
        await using var issuer = await IssuerStub.StartAsync();
        var clock = new StandingClock();
        using var keys = Keys(issuer, clock);
        await keys.GetAsync("first", CancellationToken.None);
        clock.Pass(TimeSpan.FromHours(1));
        await keys.GetAsync("first", CancellationToken.None);
        var renewed = issuer.Questions;
        issuer.Fails = StatusCodes.Status500InternalServerError;
        clock.Pass(TimeSpan.FromHours(1));
        var kept = await keys.GetAsync("first", CancellationToken.None);
        var asked = issuer.Questions;
        await keys.GetAsync("first", CancellationToken.None);
        Assert.Equal(2, renewed);
        Assert.Single(kept.SigningKeys);
        Assert.Equal(asked, issuer.Questions);
    }

    [Fact]
    public async Task A_flood_of_tokens_that_no_key_could_save_asks_the_issuer_nothing()
    {
        await using var issuer = await IssuerStub.StartAsync();
        await using var api = await StartAsync(issuer);
        string[] tokens =
        [
            "a.b.c",
            TestTokens.Sign(TestTokens.Header("none"), TestTokens.Claims(issuer.Issuer), _ => []),
            TestTokens.Sign(TestTokens.Header("HS256", "x"), TestTokens.Claims(issuer.Issuer), _ => [1]),
            TestTokens.Rs256(issuer.Key, TestTokens.Claims("https://other.example"), "y"),
        ];
        foreach (var token in tokens)
        {
            using var answer = await api.GetAsync("/api/tenants", token);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        }

        Assert.Equal(0, issuer.Questions);
    }

    [Theory]
    [InlineData(null, 500)]
    [InlineData(null, 302)]
    [InlineData("https://other.example", null)]
    public async Task An_issuer_that_misbehaves_is_as_good_as_away(string? names, int? fails)
    {
        await using var issuer = await IssuerStub.StartAsync();
        (issuer.Names, issuer.Fails) = (names, fails);
        await using var api = await StartAsync(issuer);
        using var answer = await api.GetAsync("/api/tenants", Token(issuer, "first"));
        using var again = await api.GetAsync("/api/tenants", Token(issuer, "first"));
        await ProblemAssert.IsAsync(answer, HttpStatusCode.ServiceUnavailable, "issuer-unavailable");
        await ProblemAssert.IsAsync(again, HttpStatusCode.ServiceUnavailable, "issuer-unavailable");
        Assert.Equal(1, issuer.Questions);
    }

    public static TheoryData<string, HttpStatusCode> Answers => new()
    {
        { Active(), HttpStatusCode.OK },
        { Active("\"active\": \"true\""), HttpStatusCode.Unauthorized },
        { Active("\"active\": false"), HttpStatusCode.Unauthorized },
        { Active("\"token_type\": \"refresh_token\""), HttpStatusCode.Unauthorized },
        { Active("\"token_type\": \"DPoP\""), HttpStatusCode.Unauthorized },
        { Active("\"token_use\": \"refresh_token\""), HttpStatusCode.Unauthorized },
        { Active("\"aud\": \"urn:other\""), HttpStatusCode.Unauthorized },
        { Active("\"aud\": [\"urn:other\", \"urn:bibind:api\"]"), HttpStatusCode.OK },
        { Active("\"iss\": \"https://other.example\""), HttpStatusCode.Unauthorized },
        { Active("\"exp\": 1000000000"), HttpStatusCode.Unauthorized },
        { Active("\"exp\": \"later\""), HttpStatusCode.Unauthorized },
        { Active("\"nbf\": 32503680000"), HttpStatusCode.Unauthorized },
        { Active("\"customer\": []"), HttpStatusCode.Unauthorized },
        { Active("\"sub\": \"\""), HttpStatusCode.Unauthorized },
        { Active("\"roles\": []"), HttpStatusCode.Forbidden },
        { "{}", HttpStatusCode.Unauthorized },
        { "[]", HttpStatusCode.Unauthorized },
        { "not json", HttpStatusCode.ServiceUnavailable },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task What_an_introspection_answers_decides(string says, HttpStatusCode status)
    {
        await using var issuer = await IssuerStub.StartAsync();
        await using var api = await StartAsync(issuer);
        issuer.Introspection = says;
        using var answer = await api.GetAsync("/api/tenants", "opaque");
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal($"Basic {Convert.ToBase64String(Encoding.ASCII.GetBytes("bibind:s%25cret"))}", issuer.Account);
    }

    [Fact]
    public async Task Good_answers_about_tokens_are_kept_for_a_while_and_bad_ones_are_not()
    {
        await using var issuer = await IssuerStub.StartAsync();
        await using var api = await StartAsync(issuer);
        using var unknown = await api.GetAsync("/api/tenants", "opaque");
        issuer.Introspection = Active();
        foreach (var _ in Enumerable.Range(0, 5))
        {
            using var answer = await api.GetAsync("/api/tenants", "opaque");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        using var other = await api.GetAsync("/api/tenants", "opaque2");
        Assert.Equal(HttpStatusCode.Unauthorized, unknown.StatusCode);
        Assert.Equal(3, issuer.Questions);
    }

    [Fact]
    public async Task An_account_that_may_not_ask_is_no_fault_of_the_caller()
    {
        await using var issuer = await IssuerStub.StartAsync();
        await using var api = await StartAsync(issuer);
        issuer.Fails = StatusCodes.Status401Unauthorized;
        using var answer = await api.GetAsync("/api/tenants", "opaque");
        await ProblemAssert.IsAsync(answer, HttpStatusCode.ServiceUnavailable, "issuer-unavailable");
        Assert.Contains("cannot be asked for its introspection", api.Logs.Text, StringComparison.Ordinal);
    }

    private static string Active(string with = "\"active\": true")
    {
        var answer = System.Text.Json.Nodes.JsonNode.Parse("""{"active": true, "sub": "ada", "roles": ["viewer"], "aud": "urn:bibind:api", "token_type": "Bearer"}""")!.AsObject();
        foreach (var (name, value) in System.Text.Json.Nodes.JsonNode.Parse($"{{{with}}}")!.AsObject())
        {
            answer[name] = value!.DeepClone();
        }

        return answer.ToJsonString();
    }

    private static string Token(IssuerStub issuer, string keyId) => TestTokens.Rs256(issuer.Key, TestTokens.Claims(issuer.Issuer), keyId);

    private static Security.IssuerKeys Keys(IssuerStub issuer, TimeProvider time) => new(
        new Security.SignInOptions { Issuer = new Uri(issuer.Issuer), IssuerName = issuer.Issuer },
        Security.IssuerHttp.Create(), time, NullLogger<Security.IssuerKeys>.Instance);

    private async Task<ApiHost> StartAsync(IssuerStub issuer)
    {
        var api = new ApiHost(postgres)
        {
            More =
            [
                $"--Auth:Issuer={issuer.Issuer}", $"--Auth:Audience={OidcServer.Audience}", "--Auth:CustomerClaim=customer", "--Auth:KeyRefreshInterval=01:00:00",
                $"--Auth:Introspection:Url={issuer.Issuer}/introspect", "--Auth:Introspection:ClientId=bibind", "--Auth:Introspection:ClientSecret=s%cret",
            ],
        };
        await api.InitializeAsync();
        return api;
    }

    private sealed class StandingClock : TimeProvider
    {
        private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public void Pass(TimeSpan time) => _now += time;

        public override DateTimeOffset GetUtcNow() => _now;
    }
}
