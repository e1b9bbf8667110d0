using System.Text.Json;
using Bibind.Activities.Certificates.Acme;
using Bibind.Activities.RateLimits;
using Bibind.Activities.Tests.Dns;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Durable;
using Bibind.Local;
using Bibind.Local.RealServers;
using Bibind.Testing.Servers;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Bibind.Activities.Tests.Certificates;

[Collection(RealDns.Name)]
public sealed class AcmeFailureTests
{
    [Fact]
    public async Task A_name_that_leads_elsewhere_is_tried_again_until_the_failures_of_an_hour_are_used_up()
    {
        await using var world = await CertificateWorld.CreateAsync(("Certificates:Challenge", "http-01"), ("Certificates:FailuresPerHour", "2"));
        var place = world.NewPlace();
        await world.Records.CreateAsync(place, CancellationToken.None);

        // Nobody listens where the name leads to.
        var first = await Assert.ThrowsAsync<TransientFailureException>(() => world.Certificates.IssueAsync(place, CancellationToken.None));
        await Assert.ThrowsAsync<TransientFailureException>(() => world.Certificates.IssueAsync(place, CancellationToken.None));
        var third = await Assert.ThrowsAsync<TransientFailureException>(() => world.Certificates.IssueAsync(place, CancellationToken.None));

        Assert.Contains("it cannot connect to the name's address", first.Message, StringComparison.Ordinal);
        Assert.Contains(place.Host, first.Message, StringComparison.Ordinal);
        Assert.Contains("2 orders for", third.Message, StringComparison.Ordinal);
        Assert.Contains("it cannot connect", third.Message, StringComparison.Ordinal);
        Assert.Equal(2, await world.CountAsync("certificate_orders"));
    }

    [Fact]
    public async Task A_wrong_answer_to_the_challenge_fails_for_good()
    {
        var pebble = await SharedServers.PebbleAsync();
        await using var somebody = await HttpStub.StartAsync(http => http.Response.WriteAsync("Welcome to our shop"), pebble.HttpPort);
        await using var world = await CertificateWorld.CreateAsync(("Certificates:Challenge", "http-01"));
        var place = world.NewPlace();
        await world.Records.CreateAsync(place, CancellationToken.None);

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.Certificates.IssueAsync(place, CancellationToken.None));

        Assert.Contains("unauthorized", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_the_authority_does_not_sign_fails_for_good()
    {
        var dns = await SharedServers.PowerDnsAsync();
        var zone = await dns.NewZoneAsync();
        await using var pebble = await PebbleServer.StartAsync(new PebbleOptions { Dns = dns.Dns, BlockedNames = [zone] });
        await using var world = await CertificateWorld.CreateAsync(CertificateWorld.At(pebble));

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(
            () => world.Certificates.IssueAsync(world.NewPlace() with { Host = $"www.{zone}" }, CancellationToken.None));

        Assert.Contains("it does not issue for this name", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_authority_that_went_away_is_tried_again_later()
    {
        await using var world = await CertificateWorld.CreateAsync(
            ("Certificates:Acme:Directory", $"https://127.0.0.1:{FreePorts.Next()}/dir"));

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => world.Certificates.IssueAsync(world.NewPlace(), CancellationToken.None));

        Assert.Contains("the connection is refused", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_authority_whose_tls_is_not_trusted_is_not_spoken_to()
    {
        var pebble = await SharedServers.PebbleAsync();
        await using var world = await CertificateWorld.CreateAsync(("Certificates:Acme:Directory", pebble.Directory.ToString()));

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => world.Certificates.IssueAsync(world.NewPlace(), CancellationToken.None));

        Assert.Contains("its TLS certificate is not trusted", failed.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(500, "oops")]
    [InlineData(200, "<html>Welcome to the hotel's network</html>")]
    [InlineData(200, "{\"newNonce\": 7}")]
    [InlineData(200, "[]")]
    public async Task An_authority_that_answers_nonsense_is_tried_again_later(int status, string body)
    {
        await using var stub = await AcmeStub.StartAsync(http =>
        {
            http.Response.StatusCode = status;
            return http.Response.WriteAsync(body);
        });
        await using var world = await CertificateWorld.CreateAsync(stub.Settings);

        await Assert.ThrowsAsync<TransientFailureException>(() => world.Certificates.IssueAsync(world.NewPlace(), CancellationToken.None));
    }

    [Fact]
    public async Task An_authority_that_is_slow_is_not_waited_for()
    {
        await using var stub = await AcmeStub.StartAsync(http => Task.Delay(Timeout.Infinite, http.RequestAborted));
        await using var world = await CertificateWorld.CreateAsync([.. stub.Settings, ("Certificates:Acme:CallLimit", "00:00:00.5")]);

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => world.Certificates.IssueAsync(world.NewPlace(), CancellationToken.None));

        Assert.Contains("did not answer within 0.5 s", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_limit_of_the_authority_is_told_with_its_time()
    {
        await using var stub = await AcmeStub.StartAsync(http =>
        {
            http.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            http.Response.Headers.RetryAfter = DateTimeOffset.UtcNow.AddHours(1).ToString("R");
            return http.Response.WriteAsync("{\"type\":\"urn:ietf:params:acme:error:rateLimited\",\"detail\":\"too many certificates already issued\"}");
        });
        await using var world = await CertificateWorld.CreateAsync(stub.Settings);

        var limited = await Assert.ThrowsAsync<RateLimitedException>(() => world.Certificates.IssueAsync(world.NewPlace(), CancellationToken.None));

        Assert.Contains("too many certificates already issued", limited.Message, StringComparison.Ordinal);
        Assert.InRange(limited.RetryAfter!.Value, TimeSpan.FromMinutes(58), TimeSpan.FromMinutes(61));
    }

    [Theory]
    [InlineData("caa", true, "the CAA records of the domain do not allow it")]
    [InlineData("rejectedIdentifier", true, "does not issue for this name")]
    [InlineData("unauthorized", true, "did not get our answer")]
    [InlineData("badCSR", true, "refuses our certificate request")]
    [InlineData("userActionRequired", true, "a person has to act first")]
    [InlineData("dns", false, "cannot resolve the name")]
    [InlineData("connection", false, "cannot connect")]
    [InlineData("tls", false, "cannot speak TLS")]
    [InlineData("serverInternal", false, "internal error")]
    public void A_problem_is_told_in_words_and_says_whether_to_retry(string type, bool isPermanent, string words)
    {
        var problem = Read($$"""
            {"type":"urn:ietf:params:acme:error:{{type}}","detail":"Because.","status":403,"identifier":{"type":"dns","value":"shop.example.com"} }
            """);

        var failure = problem.Failure("ca.example", "a certificate");

        Assert.Equal(isPermanent, failure is PermanentFailureException);
        Assert.Contains(words, failure.Message, StringComparison.Ordinal);
        Assert.Contains("shop.example.com", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Because", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_compound_problem_is_as_permanent_as_the_worst_of_its_parts()
    {
        var problem = Read("""
            {"type":"urn:ietf:params:acme:error:compound","detail":"Errors","subproblems":[
              {"type":"urn:ietf:params:acme:error:dns","detail":"NXDOMAIN","identifier":{"type":"dns","value":"a.example.com"}},
              {"type":"urn:ietf:params:acme:error:caa","detail":"forbidden","identifier":{"type":"dns","value":"b.example.com"}}]}
            """);

        Assert.True(problem.IsPermanent);
        Assert.Contains("b.example.com: the CAA records", problem.Words, StringComparison.Ordinal);
    }

    private static AcmeProblem Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        return AcmeProblem.TryRead(document.RootElement, 403)!;
    }
}
