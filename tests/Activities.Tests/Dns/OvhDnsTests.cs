using Bibind.Activities.Dns.Ovh;
using Bibind.Durable;
using Bibind.Testing.Servers;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Bibind.Activities.Tests.Dns;

/// <summary>Against a stub: the real API cannot be had.</summary>
[Collection(RealDns.Name)]
public sealed class OvhDnsTests
{
    [Fact]
    public async Task A_record_is_created_marked_and_served_after_a_refresh()
    {
        var (world, stub) = await CreateAsync();
        await using var _ = world;
        await using var __ = stub;
        var place = world.NewPlace();

        await world.Records.CreateAsync(place, CancellationToken.None);

        Assert.Equal([DnsWorld.Address], await world.AskAsync(place.Host, "A"));
        Assert.Equal(
            [$"A {place.Code} {DnsWorld.Address}", $"TXT a-{place.Code} \"heritage=bibind,bibind/owner=bibind,bibind/resource=tenant/{place.TenantId}\""],
            stub.Records);
    }

    [Fact]
    public async Task Creating_again_changes_nothing()
    {
        var (world, stub) = await CreateAsync();
        await using var _ = world;
        await using var __ = stub;
        var place = world.NewPlace();
        await world.Records.CreateAsync(place, CancellationToken.None);
        stub.Calls.Clear();

        await world.Records.CreateAsync(place, CancellationToken.None);

        Assert.DoesNotContain(stub.Calls, call => !call.StartsWith("GET", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Deleting_removes_the_record_before_its_mark_and_can_be_repeated()
    {
        var (world, stub) = await CreateAsync();
        await using var _ = world;
        await using var __ = stub;
        var place = world.NewPlace();
        await world.Records.CreateAsync(place, CancellationToken.None);
        Assert.True(await world.Records.ExistsAsync(place, CancellationToken.None));

        await world.Records.DeleteAsync(place, CancellationToken.None);
        await world.Records.DeleteAsync(place, CancellationToken.None);

        Assert.Empty(stub.Records);
        Assert.Empty(await world.AskAsync(place.Host, "A"));
        Assert.False(await world.Records.ExistsAsync(place, CancellationToken.None));
    }

    [Fact]
    public async Task A_creation_that_broke_off_after_the_mark_is_finished_or_undone()
    {
        var (world, stub) = await CreateAsync();
        await using var _ = world;
        await using var __ = stub;
        var place = world.NewPlace();
        var posts = 0;
        stub.Fault = async http =>
        {
            if (http.Request.Method != "POST" || ++posts != 2)
            {
                return false;
            }

            await OvhApiStub.RefuseAsync(http, 500, "Server::InternalServerError", "Internal error");
            return true;
        };

        await Assert.ThrowsAsync<TransientFailureException>(() => world.Records.CreateAsync(place, CancellationToken.None));
        Assert.StartsWith("TXT a-", Assert.Single(stub.Records), StringComparison.Ordinal);
        Assert.True(await world.Records.ExistsAsync(place, CancellationToken.None));

        await world.Records.CreateAsync(place, CancellationToken.None);
        Assert.Equal(2, stub.Records.Count);
        await world.Records.DeleteAsync(place, CancellationToken.None);
        Assert.Empty(stub.Records);
    }

    [Fact]
    public async Task A_foreign_record_is_refused_and_survives()
    {
        var (world, stub) = await CreateAsync();
        await using var _ = world;
        await using var __ = stub;
        var place = world.NewPlace();
        stub.Add("CNAME", place.Code, "elsewhere.example.net.");

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.Records.CreateAsync(place, CancellationToken.None));
        await world.Records.DeleteAsync(place, CancellationToken.None);

        Assert.Contains("elsewhere.example.net", refused.Message, StringComparison.Ordinal);
        Assert.Single(stub.Records);
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

        await world.Challenges.RemoveAsync(name, "one", CancellationToken.None);
        Assert.Equal(["two"], await world.AskAsync(name, "TXT"));
        await world.Challenges.RemoveAsync(name, "two", CancellationToken.None);
        Assert.Empty(stub.Records);
    }

    [Theory]
    [InlineData("Dns:Ovh:ApplicationKey", "INVALID_KEY")]
    [InlineData("Dns:Ovh:ConsumerKey", "NOT_CREDENTIAL")]
    [InlineData("Dns:Ovh:ApplicationSecret", "INVALID_SIGNATURE")]
    public async Task Wrong_keys_fail_for_good_and_are_not_told(string setting, string code)
    {
        var (world, stub) = await CreateAsync((setting, "wrong-secret-value"));
        await using var _ = world;
        await using var __ = stub;

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.Records.CreateAsync(world.NewPlace(), CancellationToken.None));

        Assert.Contains(code, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-secret-value", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_limit_is_kept_and_the_call_repeated()
    {
        var (world, stub) = await CreateAsync();
        await using var _ = world;
        await using var __ = stub;
        var isFirst = true;
        stub.Fault = async http =>
        {
            if (!isFirst)
            {
                return false;
            }

            isFirst = false;
            http.Response.Headers.RetryAfter = "1";
            await OvhApiStub.RefuseAsync(http, 429, "QUOTA_EXCEEDED", "Too many requests");
            return true;
        };
        var place = world.NewPlace();

        await world.Records.CreateAsync(place, CancellationToken.None);

        Assert.Equal([DnsWorld.Address], await world.AskAsync(place.Host, "A"));
    }

    [Theory]
    [InlineData(408, false)]
    [InlineData(500, false)]
    [InlineData(460, true)]
    public async Task An_html_page_instead_of_an_answer_is_a_failure_in_words(int status, bool isPermanent)
    {
        var (world, stub) = await CreateAsync();
        await using var _ = world;
        await using var __ = stub;
        stub.Fault = async http =>
        {
            http.Response.StatusCode = status;
            await http.Response.WriteAsync("<html>Sorry</html>");
            return true;
        };

        var failed = await Assert.ThrowsAnyAsync<Exception>(() => world.Records.CreateAsync(world.NewPlace(), CancellationToken.None));

        Assert.Equal(isPermanent, failed is PermanentFailureException);
        Assert.StartsWith("OVH", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_zone_that_is_not_there_is_named()
    {
        var dns = await SharedServers.PowerDnsAsync();
        await using var stub = await OvhApiStub.StartAsync(dns, "another.test");
        await using var world = await DnsWorld.CreateAsync(stub.Settings);

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.Records.CreateAsync(world.NewPlace(), CancellationToken.None));

        Assert.Contains($"OVH has no zone {world.Zone}", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_signature_is_the_documented_one()
    {
        // The example of OVH's guide "First steps with the OVHcloud APIs".
        Assert.Equal(
            "$1$d3705e8afb27a0d2970a322b96550abfc67bb798",
            OvhApi.Sign(OvhApiStub.ApplicationSecret, OvhApiStub.ConsumerKey, "GET", "https://eu.api.ovh.com/1.0/domains/", "", 1366560945));
    }

    private static async Task<(DnsWorld World, OvhApiStub Stub)> CreateAsync(params (string, string?)[] settings)
    {
        var dns = await SharedServers.PowerDnsAsync();
        var zone = await dns.NewZoneAsync();
        var stub = await OvhApiStub.StartAsync(dns, zone);
        return (await DnsWorld.CreateAsync(zone, [.. stub.Settings, .. settings]), stub);
    }
}
