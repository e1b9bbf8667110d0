using Bibind.Activities.Services;
using Bibind.Durable;
using Bibind.Testing.Servers;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Bibind.Activities.Tests.Dns;

/// <summary>Against a stub: the real API cannot be had.</summary>
[Collection(RealDns.Name)]
public sealed class Route53DnsTests
{
    [Fact]
    public async Task A_record_and_its_mark_are_one_batch_that_is_followed_until_it_is_served()
    {
        var (world, stub) = await CreateAsync();
        await using var _ = world;
        await using var __ = stub;
        var place = world.NewPlace();

        await world.Records.CreateAsync(place, CancellationToken.None);

        Assert.Equal([DnsWorld.Address], await world.AskAsync(place.Host, "A"));
        Assert.Equal([$"A {place.Host}", $"TXT a-{place.Host}"], stub.Sets);
        Assert.Single(stub.Calls, call => call.StartsWith("POST", StringComparison.Ordinal));
        Assert.Equal([$"heritage=bibind,bibind/owner=bibind,bibind/resource=tenant/{place.TenantId}"], await world.AskAsync($"a-{place.Host}", "TXT"));
    }

    [Fact]
    public async Task Creating_and_deleting_can_be_repeated()
    {
        var (world, stub) = await CreateAsync();
        await using var _ = world;
        await using var __ = stub;
        var place = world.NewPlace();

        await world.Records.CreateAsync(place, CancellationToken.None);
        await world.Records.CreateAsync(place, CancellationToken.None);
        Assert.True(await world.Records.ExistsAsync(place, CancellationToken.None));
        await world.Records.DeleteAsync(place, CancellationToken.None);
        await world.Records.DeleteAsync(place, CancellationToken.None);

        Assert.Empty(stub.Sets);
        Assert.False(await world.Records.ExistsAsync(place, CancellationToken.None));
        Assert.Equal(2, stub.Calls.Count(call => call.StartsWith("POST", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_foreign_record_is_refused_and_survives()
    {
        var (world, stub) = await CreateAsync();
        await using var _ = world;
        await using var __ = stub;
        var place = world.NewPlace();
        stub.Add("A", place.Host, "203.0.113.9");

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.Records.CreateAsync(place, CancellationToken.None));
        await world.Records.DeleteAsync(place, CancellationToken.None);

        Assert.Contains("203.0.113.9", refused.Message, StringComparison.Ordinal);
        Assert.Equal([$"A {place.Host}"], stub.Sets);
    }

    [Fact]
    public async Task A_record_that_somebody_makes_between_our_look_and_our_change_is_not_overwritten()
    {
        var (world, stub) = await CreateAsync();
        await using var _ = world;
        await using var __ = stub;
        var place = world.NewPlace();
        stub.Fault = http =>
        {
            if (http.Request.Method == "POST")
            {
                stub.Add("A", place.Host, "203.0.113.9");
            }

            return Task.FromResult(false);
        };

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.Records.CreateAsync(place, CancellationToken.None));

        Assert.Contains("203.0.113.9", refused.Message, StringComparison.Ordinal);
        Assert.Equal([$"A {place.Host}"], stub.Sets);
    }

    [Fact]
    public async Task Challenges_stand_side_by_side()
    {
        var (world, stub) = await CreateAsync();
        await using var _ = world;
        await using var __ = stub;
        var name = $"_acme-challenge.{world.Zone}";

        await Task.WhenAll(world.Challenges.PresentAsync(name, "one", CancellationToken.None), world.Challenges.PresentAsync(name, "two", CancellationToken.None));
        Assert.Equal(["one", "two"], await world.AskAsync(name, "TXT"));

        await world.Challenges.RemoveAsync(name, "two", CancellationToken.None);
        Assert.Equal(["one"], await world.AskAsync(name, "TXT"));
        await world.Challenges.RemoveAsync(name, "one", CancellationToken.None);
        Assert.Empty(stub.Sets);
    }

    [Theory]
    [InlineData("Throttling", "Rate exceeded")]
    [InlineData("PriorRequestNotComplete", "The request was rejected because Route 53 was still processing a prior request.")]
    public async Task Throttling_is_waited_out(string code, string message)
    {
        var (world, stub) = await CreateAsync();
        await using var _ = world;
        await using var __ = stub;
        var isFirst = true;
        stub.Fault = async http =>
        {
            if (http.Request.Method != "POST" || !isFirst)
            {
                return false;
            }

            isFirst = false;
            await Route53ApiStub.RefuseAsync(http, 400, code, message);
            return true;
        };
        var place = world.NewPlace();

        await world.Records.CreateAsync(place, CancellationToken.None);

        Assert.Equal([DnsWorld.Address], await world.AskAsync(place.Host, "A"));
    }

    [Theory]
    [InlineData("Dns:Route53:AccessKeyId", "InvalidClientTokenId")]
    [InlineData("Dns:Route53:SecretAccessKey", "SignatureDoesNotMatch")]
    public async Task Wrong_keys_fail_for_good_and_are_not_told(string setting, string code)
    {
        var (world, stub) = await CreateAsync((setting, "wrong-secret-value"));
        await using var _ = world;
        await using var __ = stub;

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.Records.CreateAsync(world.NewPlace(), CancellationToken.None));

        Assert.Contains(code, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-secret-value", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200, "<html>Welcome")]
    [InlineData(200, "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&e;</x>")]
    [InlineData(500, "<ErrorResponse><Error><Code>InternalFailure</Code><Message>oops</Message></Error></ErrorResponse>")]
    public async Task What_makes_no_sense_is_tried_again_later(int status, string body)
    {
        var (world, stub) = await CreateAsync();
        await using var _ = world;
        await using var __ = stub;
        stub.Fault = async http =>
        {
            http.Response.StatusCode = status;
            await http.Response.WriteAsync(body);
            return true;
        };

        await Assert.ThrowsAsync<TransientFailureException>(() => world.Records.CreateAsync(world.NewPlace(), CancellationToken.None));
    }

    [Fact]
    public void The_signature_is_the_documented_one()
    {
        // "get-vanilla" of AWS's own test suite for Signature Version 4.
        using var request = new HttpRequestMessage(HttpMethod.Get, "https://example.amazonaws.com/");

        AwsSignature.Sign(
            request, [], new AwsCredentials(Route53ApiStub.AccessKeyId, Route53ApiStub.SecretAccessKey), "us-east-1", "service",
            new DateTimeOffset(2015, 8, 30, 12, 36, 0, TimeSpan.Zero));

        Assert.Equal(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, "
            + "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            request.Headers.GetValues("Authorization").Single());
    }

    private static async Task<(DnsWorld World, Route53ApiStub Stub)> CreateAsync(params (string, string?)[] settings)
    {
        var dns = await SharedServers.PowerDnsAsync();
        var zone = await dns.NewZoneAsync();
        var stub = await Route53ApiStub.StartAsync(dns, zone);
        return (await DnsWorld.CreateAsync(zone, [.. stub.Settings, .. settings]), stub);
    }
}
