using System.Net;
using Bibind.ControlPlane.Certificates;
using Bibind.Functions.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>The address where certificate authorities look for answers.</summary>
public sealed class AcmeChallengeTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string Token = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";

    [Fact]
    public async Task A_challenge_is_answered_to_anybody_while_it_is_open()
    {
        var challenges = host.Services.GetRequiredService<ChallengeStore>();
        await challenges.PutAsync(Token, $"{Token}.thumbprint", CancellationToken.None);

        using var open = await host.GetAsync($"/.well-known/acme-challenge/{Token}", token: null);
        await challenges.RemoveAsync(Token, CancellationToken.None);
        using var closed = await host.GetAsync($"/.well-known/acme-challenge/{Token}", token: null);

        Assert.Equal(HttpStatusCode.OK, open.StatusCode);
        Assert.Equal($"{Token}.thumbprint", await open.Content.ReadAsStringAsync());
        Assert.Equal("text/plain", open.Content.Headers.ContentType!.MediaType);
        Assert.Equal(HttpStatusCode.NotFound, closed.StatusCode);
    }

    [Theory]
    [InlineData("short")]
    [InlineData("..%2F..%2Fetc%2Fpasswd-and-some-more")]
    [InlineData("LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0'--")]
    public async Task What_is_no_token_is_not_found(string token)
    {
        using var answer = await host.GetAsync($"/.well-known/acme-challenge/{token}", token: null);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }
}
