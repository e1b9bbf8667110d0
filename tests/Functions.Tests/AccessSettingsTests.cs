using Bibind.Functions.Security;
using Bibind.Functions.Settings;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>The settings of sign-in: every one that is wrong is named.</summary>
public sealed class AccessSettingsTests
{
    [Fact]
    public void Everything_that_is_wrong_is_named_at_once()
    {
        var problems = Problems(
            ("Auth:Issuer", "http://login.example.com"), ("Auth:ClockSkew", "01:00:00"), ("Auth:KeyRefreshInterval", "0"), ("Auth:CustomersOnly", "perhaps"),
            ("Auth:Roles:Admin", "viewer"), ("Auth:Roles:Manager", "two words"),
            ("Auth:Introspection:Url", "https://user@login.example.com/introspect"), ("Auth:Introspection:CacheLifetime", "1.00:00:00"),
            ("Auth:Tokens:0:Name", "shop"), ("Auth:Tokens:0:Token", "shop-token-0123456789abcdef"), ("Auth:Tokens:0:Role", "boss"), ("Auth:Tokens:0:Customer", "a b"));
        string[] named =
        [
            "Auth__Issuer must be an https address", "Auth__Audience is missing", "Auth__ClockSkew must be a time", "Auth__KeyRefreshInterval must be a time",
            "Auth__CustomersOnly must be true or false", "Auth__Roles__Admin is the issuer's name of the role viewer already", "Auth__Roles__Manager must be one word",
            "Auth__Introspection__Url must be an https address", "Auth__Introspection__ClientId is missing", "Auth__Introspection__ClientSecret is missing",
            "Auth__Introspection__CacheLifetime must be a time", "Auth__Tokens__0__Role must be one of", "Auth__Tokens__0__Customer must be the code of a customer",
        ];
        Assert.All(named, start => Assert.Contains(problems, p => p.StartsWith(start, StringComparison.Ordinal)));
        Assert.Equal(named.Length, problems.Count);
    }

    [Theory]
    [InlineData("Auth:Audience", "bibind")]
    [InlineData("Auth:CustomerClaim", "customer")]
    [InlineData("Auth:Introspection:ClientSecret", "secret")]
    public void A_setting_of_an_issuer_without_one_is_named(string key, string value) =>
        Assert.StartsWith(
            $"{SettingsReader.NameOf(key)} needs Auth__Issuer or Auth__Introspection__Url",
            Assert.Single(Problems((key, value), ("Auth:Tokens:0:Name", "me"), ("Auth:Tokens:0:Token", "some-token-0123456789abcdef"), ("Auth:Tokens:0:Role", "admin"))),
            StringComparison.Ordinal);

    [Fact]
    public void Customers_only_needs_the_claim_that_names_them() =>
        Assert.StartsWith(
            "Auth__CustomersOnly is true", Assert.Single(Problems(("Auth:Issuer", "https://login.example.com"), ("Auth:Audience", "bibind"), ("Auth:CustomersOnly", "true"))),
            StringComparison.Ordinal);

    [Theory]
    [InlineData("https://login.example.com/realms/bibind")]
    [InlineData("https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0")]
    [InlineData("http://127.0.0.1:4444")]
    public void An_issuer_is_enough_without_tokens_of_the_settings(string issuer) =>
        Assert.Empty(Problems(("Auth:Issuer", issuer), ("Auth:Audience", "bibind")));

    private static IReadOnlyList<string> Problems(params (string Key, string Value)[] settings)
    {
        var reader = new SettingsReader(new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(s => s.Key, s => (string?)s.Value)).Build());
        CallerSettings.Read(reader, SignInSettings.Read(reader));
        return reader.Problems;
    }
}
