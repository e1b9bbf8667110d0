using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Bibind.Functions.Tests.Hosting;
using Bibind.Testing.Servers;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>Tokens that one thing is wrong with, signed with the issuer's own keys where that is not it.</summary>
public sealed class AccessHostileTokensTests(IssuerHost host) : IClassFixture<IssuerHost>
{
    private OidcServer Issuer => host.Issuer;

    [Fact]
    public async Task A_token_with_nothing_wrong_is_accepted()
    {
        using var answer = await host.Api.GetAsync("/api/tenants", TestTokens.Rs256(Issuer.Key, Claims()));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("HS256")]
    [InlineData("HS256 with the JWK")]
    [InlineData("RS512")]
    [InlineData("PS256")]
    [InlineData("ES256 with the RSA key's id")]
    [InlineData("no signature")]
    [InlineData("another key")]
    [InlineData("changed claims")]
    [InlineData("key in the header")]
    [InlineData("key address in the header")]
    [InlineData("id of a path")]
    [InlineData("encrypted")]
    public async Task A_signature_that_is_not_the_issuers_is_refused(string what) => await RefusedAsync(Forge(what));

    public static TheoryData<string, string> WrongClaims => new()
    {
        { "exp", """{"exp": 1000000000}""" },
        { "no exp", """{"exp": null}""" },
        { "exp as text", """{"exp": "tomorrow"}""" },
        { "nbf in the future", $$"""{"nbf": {{DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeSeconds()}}}""" },
        { "iss", """{"iss": "https://issuer.example"}""" },
        { "iss with a slash", """{"iss": "+/"}""" },
        { "no iss", """{"iss": null}""" },
        { "aud", """{"aud": "urn:other"}""" },
        { "aud in part", """{"aud": "urn:bibind"}""" },
        { "no aud", """{"aud": null}""" },
        { "empty aud", """{"aud": []}""" },
        { "no sub", """{"sub": null}""" },
        { "sub of two lines", """{"sub": "ada\nadmin"}""" },
        { "empty sub", """{"sub": ""}""" },
        { "customer empty", """{"customer": ""}""" },
        { "customer null", """{"customer": "null"}""" },
        { "customer of spaces", """{"customer": "  "}""" },
        { "customer a list", """{"customer": ["c-shop"]}""" },
        { "customers in a list", """{"customer": ["c-shop", "c-other"]}""" },
        { "customer an empty list", """{"customer": []}""" },
        { "customer an object", """{"customer": {"id": "c-shop"}}""" },
        { "customer a number", """{"customer": 7}""" },
        { "customer a pattern", """{"customer": "%"}""" },
        { "customer with a zero", """{"customer": "c-shop\u0000"}""" },
    };

    [Theory]
    [MemberData(nameof(WrongClaims))]
    public async Task A_claim_that_is_wrong_is_refused(string what, string changes)
    {
        Assert.NotEmpty(what);
        var claims = Claims();
        foreach (var (name, value) in JsonNode.Parse(changes)!.AsObject().ToList())
        {
            claims.Remove(name);
            if (value is not null)
            {
                claims[name] = value.ToJsonString() switch
                {
                    "\"+/\"" => $"{Issuer.Issuer}/",
                    "\"null\"" => null,
                    _ => value.DeepClone(),
                };
            }
        }

        await RefusedAsync(TestTokens.Rs256(Issuer.Key, claims));
    }

    [Fact]
    public async Task A_claim_that_is_given_twice_is_refused()
    {
        var claims = Claims().ToJsonString();
        var signed = $"{TestTokens.Encode(TestTokens.Header("RS256").ToJsonString())}.{TestTokens.Encode(claims[..^1] + ", \"customer\": \"c-shop\", \"customer\": \"c-other\"}")}";
        var signature = Issuer.Key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        await RefusedAsync($"{signed}.{System.Buffers.Text.Base64Url.EncodeToString(signature)}");
    }

    [Fact]
    public async Task A_token_that_is_no_access_token_is_refused() =>
        await RefusedAsync(TestTokens.Rs256(Issuer.Key, Claims(), type: "logout+jwt"));

    [Fact]
    public async Task A_customer_who_claims_a_role_stays_a_customer()
    {
        var claims = Claims();
        claims["customer"] = "c-shop";
        claims["roles"] = new JsonArray("admin", "operator", "*");
        claims["role"] = "admin";
        var token = TestTokens.Rs256(Issuer.Key, claims);
        using var servers = await host.Api.SendAsync(HttpMethod.Post, "/api/servers", token, "{}");
        using var adopted = await host.Api.SendAsync(HttpMethod.Put, "/api/tenants/any/customer", token, """{"customer": "c-shop"}""");
        using var other = await host.Api.SendAsync(HttpMethod.Post, "/api/tenants", token, ApiHost.Order("spoofed", more: """, "customer": "c-other" """));
        await ProblemAssert.IsAsync(servers, HttpStatusCode.Forbidden, "forbidden");
        await ProblemAssert.IsAsync(adopted, HttpStatusCode.Forbidden, "forbidden");
        ProblemAssert.Names(await ProblemAssert.IsAsync(other, HttpStatusCode.UnprocessableEntity, "invalid-command"), "customer", "must be left out");
    }

    [Theory]
    [InlineData(17_000)]
    [InlineData(100_000)]
    public async Task A_huge_token_is_refused(int length)
    {
        var claims = Claims();
        claims["padding"] = new string('x', length);
        using var answer = await host.Api.GetAsync("/api/tenants", TestTokens.Rs256(Issuer.Key, claims));
        Assert.Contains(answer.StatusCode, new[] { HttpStatusCode.Unauthorized, HttpStatusCode.RequestHeaderFieldsTooLarge });
    }

    [Theory]
    [InlineData("Bearer .")]
    [InlineData("Bearer ..")]
    [InlineData("Bearer a.b.c")]
    [InlineData("Bearer eyJhbGciOiJSUzI1NiJ9..")]
    [InlineData("Bearer eyJhbGciOiJSUzI1NiJ9.eyJhbGciOiJSUzI1NiJ9.eyJhbGciOiJSUzI1NiJ9.")]
    [InlineData("Bearer =.=.=")]
    [InlineData("Bearer {}.{}.{}")]
    [InlineData("DPoP {0}")]
    [InlineData("Basic {0}")]
    [InlineData("{0}")]
    [InlineData("Bearer {0}, Bearer {0}")]
    [InlineData("Bearer Bearer {0}")]
    public async Task What_is_no_token_is_refused(string header)
    {
        var token = TestTokens.Rs256(Issuer.Key, Claims());
        await RefusedAsync(request => request.TryAddWithoutValidation("Authorization", header.Replace("{0}", token, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Two_headers_are_refused_though_each_would_do()
    {
        var token = TestTokens.Rs256(Issuer.Key, Claims());
        await RefusedAsync(request => request.TryAddWithoutValidation("Authorization", [$"Bearer {token}", $"Bearer {token}"]));
    }

    [Fact]
    public async Task A_token_in_the_address_is_none()
    {
        using var answer = await host.Api.GetAsync($"/api/jobs/none?access_token={TestTokens.Rs256(Issuer.Key, Claims())}", token: null);
        await ProblemAssert.IsAsync(answer, HttpStatusCode.Unauthorized, "unauthorized");
    }

    private JsonObject Claims() => TestTokens.Claims(Issuer.Issuer);

    private string Forge(string what)
    {
        var claims = Claims();
        var honest = TestTokens.Rs256(Issuer.Key, claims);
        var parts = honest.Split('.');
        using var stranger = RSA.Create(2048);
        byte[] ByStranger(byte[] signed) => stranger.SignData(signed, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        switch (what)
        {
            case "none" or "None":
                return TestTokens.Sign(TestTokens.Header(what), claims, _ => []);
            case "HS256":
                return TestTokens.Sign(TestTokens.Header("HS256"), claims, signed => HMACSHA256.HashData(Encoding.ASCII.GetBytes(Issuer.Key.ExportRSAPublicKeyPem()), signed));
            case "HS256 with the JWK":
                return TestTokens.Sign(TestTokens.Header("HS256"), claims, signed => HMACSHA256.HashData(Issuer.Key.ExportParameters(false).Modulus!, signed));
            case "RS512":
                return TestTokens.Sign(TestTokens.Header("RS512"), claims, signed => Issuer.Key.SignData(signed, HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1));
            case "PS256":
                return TestTokens.Sign(TestTokens.Header("PS256"), claims, signed => Issuer.Key.SignData(signed, HashAlgorithmName.SHA256, RSASignaturePadding.Pss));
            case "ES256 with the RSA key's id":
                using (var elliptic = ECDsa.Create(ECCurve.NamedCurves.nistP256))
                {
                    return TestTokens.Sign(TestTokens.Header("ES256"), claims, signed => elliptic.SignData(signed, HashAlgorithmName.SHA256));
                }

            case "no signature":
                return $"{parts[0]}.{parts[1]}.";
            case "another key":
                return TestTokens.Sign(TestTokens.Header("RS256"), claims, ByStranger);
            case "changed claims":
                claims["sub"] = "eve";
                return $"{parts[0]}.{TestTokens.Encode(claims.ToJsonString())}.{parts[2]}";
            case "key in the header":
                var numbers = stranger.ExportParameters(false);
                var header = TestTokens.Header("RS256", "own");
                header["jwk"] = new JsonObject
                {
                    ["kty"] = "RSA",
                    ["kid"] = "own",
                    ["n"] = System.Buffers.Text.Base64Url.EncodeToString(numbers.Modulus),
                    ["e"] = System.Buffers.Text.Base64Url.EncodeToString(numbers.Exponent),
                };
                return TestTokens.Sign(header, claims, ByStranger);
            case "key address in the header":
                var addressed = TestTokens.Header("RS256", "own");
                (addressed["jku"], addressed["x5u"]) = ("http://127.0.0.1:1/keys", "http://127.0.0.1:1/certificate");
                return TestTokens.Sign(addressed, claims, ByStranger);
            case "id of a path":
                return TestTokens.Sign(TestTokens.Header("RS256", "../../../../dev/null"), claims, ByStranger);
            case "encrypted":
                return $"{parts[0]}.{parts[1]}.{parts[2]}.{parts[1]}.{parts[2]}";
            default:
                throw new ArgumentOutOfRangeException(nameof(what), what, "is not known");
        }
    }

    private Task RefusedAsync(string token) => RefusedAsync(headers => headers.Authorization = new AuthenticationHeaderValue("Bearer", token));

    private async Task RefusedAsync(Action<HttpRequestHeaders> authorise)
    {
        var before = await host.Api.CountRowsAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/tenants") { Content = new StringContent(ApiHost.Order("hostile"), Encoding.UTF8, "application/json") };
        authorise(request.Headers);
        using var answer = await host.Api.Client.SendAsync(request);
        await ProblemAssert.IsAsync(answer, HttpStatusCode.Unauthorized, "unauthorized");
        Assert.Contains(answer.Headers.WwwAuthenticate, h => h.Scheme == "Bearer");
        Assert.Equal(before, await host.Api.CountRowsAsync());
    }
}
