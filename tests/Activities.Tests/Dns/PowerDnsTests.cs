using Bibind.Durable;
using Bibind.Local.RealServers;
using Xunit;

namespace Bibind.Activities.Tests.Dns;

[Collection(RealDns.Name)]
public sealed class PowerDnsTests
{
    [Fact]
    public async Task A_new_record_is_answered_by_the_authoritative_server()
    {
        await using var world = await DnsWorld.CreateAsync();
        var place = world.NewPlace();

        await world.Records.CreateAsync(place, CancellationToken.None);

        Assert.Equal([DnsWorld.Address], await world.AskAsync(place.Host, "A"));
    }

    [Fact]
    public async Task A_record_carries_our_mark()
    {
        await using var world = await DnsWorld.CreateAsync();
        var place = world.NewPlace();

        await world.Records.CreateAsync(place, CancellationToken.None);

        Assert.Contains(
            $"heritage=bibind,bibind/owner=bibind,bibind/resource=tenant/{place.TenantId}", await world.Server.ReadZoneAsync(world.Zone), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Creating_again_succeeds_and_changes_nothing()
    {
        await using var world = await DnsWorld.CreateAsync();
        var place = world.NewPlace();
        await world.Records.CreateAsync(place, CancellationToken.None);
        var before = await world.Server.ReadZoneAsync(world.Zone);

        await world.Records.CreateAsync(place, CancellationToken.None);

        Assert.Equal(before, await world.Server.ReadZoneAsync(world.Zone));
    }

    [Fact]
    public async Task Deleting_removes_the_record_and_can_be_repeated()
    {
        await using var world = await DnsWorld.CreateAsync();
        var place = world.NewPlace();
        await world.Records.CreateAsync(place, CancellationToken.None);
        Assert.True(await world.Records.ExistsAsync(place, CancellationToken.None));

        await world.Records.DeleteAsync(place, CancellationToken.None);
        await world.Records.DeleteAsync(place, CancellationToken.None);

        Assert.Empty(await world.AskAsync(place.Host, "A"));
        Assert.False(await world.Records.ExistsAsync(place, CancellationToken.None));
    }

    [Theory]
    [InlineData("alice", "its comment is by 'alice'")]
    [InlineData(null, "it carries no mark of ours")]
    public async Task A_foreign_record_is_refused_and_named(string? account, string whose)
    {
        await using var world = await DnsWorld.CreateAsync();
        var place = world.NewPlace();
        await world.Server.SetAsync(world.Zone, place.Host, "A", ["203.0.113.9"], account);

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.Records.CreateAsync(place, CancellationToken.None));

        Assert.Contains(whose, refused.Message, StringComparison.Ordinal);
        Assert.Contains("203.0.113.9", refused.Message, StringComparison.Ordinal);
        Assert.Equal(["203.0.113.9"], await world.AskAsync(place.Host, "A"));
    }

    [Fact]
    public async Task A_foreign_record_survives_our_undo()
    {
        await using var world = await DnsWorld.CreateAsync();
        var place = world.NewPlace();
        await world.Server.SetAsync(world.Zone, place.Host, "CNAME", ["elsewhere.example.net."], "alice");

        await world.Records.DeleteAsync(place, CancellationToken.None);

        Assert.Equal(["elsewhere.example.net"], await world.AskAsync(place.Host, "CNAME"));
        Assert.Contains(world.Logs.Lines, line => line.Contains("alice", StringComparison.Ordinal));
        Assert.False(await world.Records.ExistsAsync(place, CancellationToken.None));
    }

    [Fact]
    public async Task A_record_of_another_tenant_is_refused_and_survives()
    {
        await using var world = await DnsWorld.CreateAsync();
        var first = world.NewPlace();
        var second = world.NewPlace() with { Host = first.Host };
        await world.Records.CreateAsync(first, CancellationToken.None);

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.Records.CreateAsync(second, CancellationToken.None));
        await world.Records.DeleteAsync(second, CancellationToken.None);

        Assert.Contains($"tenant/{first.TenantId}", refused.Message, StringComparison.Ordinal);
        Assert.True(await world.Records.ExistsAsync(first, CancellationToken.None));
    }

    [Fact]
    public async Task Another_installation_on_the_zone_is_respected()
    {
        await using var world = await DnsWorld.CreateAsync();
        var place = world.NewPlace();
        await world.Records.CreateAsync(place, CancellationToken.None);
        await using var other = await DnsWorld.CreateAsync(world.Zone, ("Dns:Owner", "bibind-staging"));

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => other.Records.CreateAsync(place, CancellationToken.None));

        Assert.Contains("of the installation 'bibind'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tenants_at_the_same_time_do_not_disturb_each_other()
    {
        await using var world = await DnsWorld.CreateAsync();
        var places = Enumerable.Range(0, 20).Select(_ => world.NewPlace()).ToList();

        await Task.WhenAll(places.Select(p => world.Records.CreateAsync(p, CancellationToken.None)));
        await Task.WhenAll(places.Take(10).Select(p => world.Records.DeleteAsync(p, CancellationToken.None)));

        foreach (var place in places.Take(10))
        {
            Assert.Empty(await world.AskAsync(place.Host, "A"));
        }

        foreach (var place in places.Skip(10))
        {
            Assert.Equal([DnsWorld.Address], await world.AskAsync(place.Host, "A"));
        }
    }

    [Fact]
    public async Task Addresses_of_both_kinds_become_two_record_sets()
    {
        await using var world = await DnsWorld.CreateAsync(("Dns:Target", "192.0.2.1, 192.0.2.2, 2001:db8::1"));
        var place = world.NewPlace();

        await world.Records.CreateAsync(place, CancellationToken.None);

        Assert.Equal(["192.0.2.1", "192.0.2.2"], await world.AskAsync(place.Host, "A"));
        Assert.Equal(["2001:db8::1"], await world.AskAsync(place.Host, "AAAA"));
    }

    [Fact]
    public async Task Without_a_target_the_record_points_at_the_server()
    {
        await using var world = await DnsWorld.CreateAsync(("Dns:Target", ""));
        var place = world.NewPlace();

        await world.Records.CreateAsync(place, CancellationToken.None);

        Assert.Equal(["198.51.100.7"], await world.AskAsync(place.Host, "A"));
    }

    [Fact]
    public async Task A_target_that_became_a_name_takes_the_place_of_the_address()
    {
        await using var world = await DnsWorld.CreateAsync();
        var place = world.NewPlace();
        await world.Records.CreateAsync(place, CancellationToken.None);
        await using var later = await DnsWorld.CreateAsync(world.Zone, ("Dns:Target", "proxy.example.net"));

        await later.Records.CreateAsync(place, CancellationToken.None);

        Assert.Equal(["proxy.example.net"], await world.AskAsync(place.Host, "CNAME"));
        await world.Records.DeleteAsync(place, CancellationToken.None);
        Assert.Empty(await world.AskAsync(place.Host, "CNAME"));
    }

    [Fact]
    public async Task A_name_outside_the_zone_is_refused()
    {
        await using var world = await DnsWorld.CreateAsync();

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(
            () => world.Records.CreateAsync(world.NewPlace() with { Host = "shop.customer.example" }, CancellationToken.None));

        Assert.Contains("Dns__Zone", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_zone_that_is_not_there_is_named()
    {
        await using var world = await DnsWorld.CreateAsync("missing.test");

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.Records.CreateAsync(world.NewPlace(), CancellationToken.None));

        Assert.Contains("has no zone missing.test", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_key_fails_for_good_and_is_not_told()
    {
        await using var world = await DnsWorld.CreateAsync(("Dns:PowerDns:ApiKey", "not-the-key"));

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.Records.CreateAsync(world.NewPlace(), CancellationToken.None));

        Assert.Contains("Dns__PowerDns__ApiKey", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("not-the-key", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(world.Logs.Lines, line => line.Contains("not-the-key", StringComparison.Ordinal));
    }

    [Fact]
    public async Task While_the_servers_key_is_changed_either_of_two_may_be_the_one()
    {
        await using var before = await DnsWorld.CreateAsync(("Dns:PowerDns:OtherApiKey", "not-the-key"));
        await using var after = await DnsWorld.CreateAsync(("Dns:PowerDns:OtherApiKey", before.Server.ApiKey), ("Dns:PowerDns:ApiKey", "not-the-key"));
        await using var neither = await DnsWorld.CreateAsync(("Dns:PowerDns:OtherApiKey", "not-the-key-either"), ("Dns:PowerDns:ApiKey", "not-the-key"));

        foreach (var world in new[] { before, after })
        {
            var place = world.NewPlace();
            await world.Records.CreateAsync(place, CancellationToken.None);
            Assert.Equal([DnsWorld.Address], await world.AskAsync(place.Host, "A"));
            await world.Records.DeleteAsync(place, CancellationToken.None);
        }

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => neither.Records.CreateAsync(neither.NewPlace(), CancellationToken.None));
        Assert.Contains("Dns__PowerDns__ApiKey", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("not-the-key", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_went_away_is_tried_again_later()
    {
        await using var gone = await PowerDnsServer.StartAsync();
        await using var world = await DnsWorld.CreateAsync(("Dns:PowerDns:Url", gone.Api.ToString()), ("Dns:PowerDns:ApiKey", gone.ApiKey));
        await gone.DisposeAsync();

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => world.Records.CreateAsync(world.NewPlace(), CancellationToken.None));

        Assert.Contains("the connection is refused", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_record_that_the_authority_does_not_answer_is_no_success()
    {
        await using var elsewhere = await PowerDnsServer.StartAsync();
        await using var world = await DnsWorld.CreateAsync(("Dns:Authoritative", elsewhere.Dns.ToString()), ("Dns:VerifyLimit", "00:00:00.3"));

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => world.Records.CreateAsync(world.NewPlace(), CancellationToken.None));

        Assert.Contains(elsewhere.Dns.ToString(), failed.Message, StringComparison.Ordinal);
        Assert.Contains("REFUSED", failed.Message, StringComparison.Ordinal);
    }
}
