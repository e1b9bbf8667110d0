using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Web;
using Bibind.Functions.Tests.Hosting;
using Xunit;

namespace Bibind.Functions.Tests.SignIn;

/// <summary>Identity tokens of which exactly one thing is wrong, and ways back that somebody made up.</summary>
public sealed class HostileIssuerTests(PostgresServer postgres) : IAsyncLifetime
{
    private IssuerStub? _issuer;
    private ApiHost? _host;

    private IssuerStub Issuer => _issuer!;

    private ApiHost Host => _host!;

    public async ValueTask InitializeAsync()
    {
        _issuer = await IssuerStub.StartAsync();
        _host = new ApiHost(postgres)
        {
            More =
            [
                $"--Auth:Issuer={Issuer.Issuer}", "--Auth:Audience=api", "--Auth:Console:ClientId=console:1", "--Auth:Console:ClientSecret=s+cret/",
                "--Registration:TrustedProxies=127.0.0.1",
            ],
        };
        await Host.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await Issuer.DisposeAsync();
    }

    [Fact]
    public async Task One_that_is_right_is_accepted_and_the_code_is_redeemed_with_its_proof()
    {
        using var browser = new Browser(Host.Address);
        var (query, answer) = await SignInAsync(browser, _ => { });
        using (answer)
        {
            Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        }

        var sent = Issuer.Redeemed!;
        Assert.Equal(("authorization_code", "a-code", $"{Host.Address.GetLeftPart(UriPartial.Authority)}/console/callback"), (sent["grant_type"].ToString(), sent["code"].ToString(), sent["redirect_uri"].ToString()));
        Assert.Equal("S256", query["code_challenge_method"]);
        Assert.Equal(query["code_challenge"], Convert.ToBase64String(SHA256.HashData(Encoding.ASCII.GetBytes(sent["code_verifier"]!))).TrimEnd('=').Replace('+', '-').Replace('/', '_'));
        Assert.Equal($"Basic {Convert.ToBase64String("console%3A1:s%2Bcret%2F"u8)}", Issuer.Account);
        Assert.DoesNotContain("s+cret", Host.Logs.Text, StringComparison.Ordinal);
    }

    public static TheoryData<string> Faults => ["audience", "issuer", "nonce", "no nonce", "ended", "endless", "azp", "key", "other key", "none", "hs256", "two claims", "nonsense", "name", "no token"];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task One_with_one_thing_wrong_is_refused(string fault)
    {
        using var browser = new Browser(Host.Address);
        var (_, answer) = await SignInAsync(
            browser,
            claims =>
            {
                switch (fault)
                {
                    case "audience": claims["aud"] = "other"; break;
                    case "issuer": claims["iss"] = "https://issuer.attacker.example"; break;
                    case "nonce": claims["nonce"] = "other"; break;
                    case "no nonce": claims.Remove("nonce"); break;
                    case "ended": claims["exp"] = DateTimeOffset.UtcNow.AddHours(-1).ToUnixTimeSeconds(); break;
                    case "endless": claims.Remove("exp"); break;
                    case "azp": claims["azp"] = "other"; break;
                    case "name": claims["sub"] = "\u202eadmin"; break;
                    default: break;
                }
            },
            fault);
        using (answer)
        {
            // An answer that says two things is none.
            Assert.Equal(fault == "two claims" ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.Forbidden, answer.StatusCode);
        }

        Assert.Null(browser.Session);
        Assert.Equal(0, await Host.ScalarAsync<long>("select count(*) from control.console_sessions"));
    }

    [Theory]
    [InlineData("code=a-code")]
    [InlineData("code=a-code&state=")]
    [InlineData("code=a-code&state=x.y")]
    [InlineData("code=a-code&state={state}x")]
    [InlineData("code=a-code&state={state}&state={state}")]
    [InlineData("code=a-code&code=b&state={state}")]
    [InlineData("code=&state={state}")]
    [InlineData("state={state}")]
    [InlineData("error=access_denied&state={state}")]
    [InlineData("error=%3Cscript%3E&error_description=%3Cscript%3E&state={state}")]
    [InlineData("code=a-code&iss=https%3A%2F%2Fissuer.attacker.example&state={state}")]
    [InlineData("code=%00%ff&state={state}%00")]
    public async Task A_way_back_that_somebody_made_up_leads_nowhere(string query)
    {
        using var browser = new Browser(Host.Address);
        using var start = await browser.GetAsync("/console/sign-in/start?return=//evil.example");
        var sent = HttpUtility.ParseQueryString(start.Headers.Location!.Query);
        using var answer = await browser.GetAsync("/console/callback?" + query.Replace("{state}", Uri.EscapeDataString(sent["state"]!), StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        var page = await answer.Content.ReadAsStringAsync();
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("evil.example", page, StringComparison.Ordinal);
        Assert.Null(browser.Session);
        Assert.Null(Issuer.Redeemed);
    }

    private async Task<(System.Collections.Specialized.NameValueCollection Query, HttpResponseMessage Answer)> SignInAsync(Browser browser, Action<JsonObject> change, string fault = "")
    {
        using var start = await browser.GetAsync("/console/sign-in/start");
        Assert.Equal(HttpStatusCode.SeeOther, start.StatusCode);
        var query = HttpUtility.ParseQueryString(start.Headers.Location!.Query);
        var claims = TestTokens.Claims(Issuer.Issuer);
        claims["aud"] = "console:1";
        claims["nonce"] = query["nonce"];
        change(claims);
        using var other = RSA.Create(2048);
        var token = fault switch
        {
            "key" => TestTokens.Rs256(other, claims, type: "JWT"),
            "other key" => TestTokens.Rs256(other, claims, keyId: "unknown", type: "JWT"),
            "none" => TestTokens.Sign(TestTokens.Header("none", type: "JWT"), claims, _ => []),
            "hs256" => TestTokens.Sign(TestTokens.Header("HS256", type: "JWT"), claims, signed => HMACSHA256.HashData(Issuer.Key.ExportSubjectPublicKeyInfo(), signed)),
            "nonsense" => "a.b.c",
            _ => TestTokens.Rs256(Issuer.Key, claims, type: "JWT"),
        };
        Issuer.Tokens = fault switch
        {
            "no token" => """{"access_token": "x"}""",
            "two claims" => $$"""{"id_token": "x", "id_token": "{{token}}"}""",
            _ => $$"""{"access_token": "x", "token_type": "Bearer", "id_token": "{{token}}"}""",
        };
        return (query, await browser.GetAsync($"/console/callback?code=a-code&state={Uri.EscapeDataString(query["state"]!)}"));
    }
}
