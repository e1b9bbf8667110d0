using Bibind.Durable;
using Xunit;

namespace Bibind.Activities.Tests.Dns;

[Collection(RealDns.Name)]
public sealed class DnsChallengeTests
{
    [Fact]
    public async Task Several_values_stand_at_one_name()
    {
        await using var world = await DnsWorld.CreateAsync();
        var name = $"_acme-challenge.{world.Zone}";

        await Task.WhenAll(Enumerable.Range(0, 5).Select(i => world.Challenges.PresentAsync(name, $"value-{i}", CancellationToken.None)));

        Assert.Equal(["value-0", "value-1", "value-2", "value-3", "value-4"], await world.AskAsync(name, "TXT"));
    }

    [Fact]
    public async Task More_values_than_fit_into_a_datagram_are_answered_by_tcp()
    {
        await using var world = await DnsWorld.CreateAsync();
        var name = $"_acme-challenge.{world.Zone}";
        var values = Enumerable.Range(0, 20).Select(i => $"{i:00}-{new string('x', 40)}").ToList();

        foreach (var value in values)
        {
            await world.Challenges.PresentAsync(name, value, CancellationToken.None);
        }

        Assert.Equal(values, await world.AskAsync(name, "TXT"));
    }

    [Fact]
    public async Task Removing_one_value_leaves_the_others_and_the_last_takes_the_record_along()
    {
        await using var world = await DnsWorld.CreateAsync();
        var name = $"_acme-challenge.{world.Zone}";
        await world.Challenges.PresentAsync(name, "one", CancellationToken.None);
        await world.Challenges.PresentAsync(name, "two", CancellationToken.None);

        await world.Challenges.RemoveAsync(name, "one", CancellationToken.None);
        Assert.Equal(["two"], await world.AskAsync(name, "TXT"));

        await world.Challenges.RemoveAsync(name, "two", CancellationToken.None);
        await world.Challenges.RemoveAsync(name, "two", CancellationToken.None);
        Assert.DoesNotContain("_acme-challenge", await world.Server.ReadZoneAsync(world.Zone), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_foreign_challenge_is_left_alone()
    {
        await using var world = await DnsWorld.CreateAsync();
        var name = $"_acme-challenge.{world.Zone}";
        await world.Server.SetAsync(world.Zone, name, "TXT", ["\"somebody's\""], "certbot");

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.Challenges.PresentAsync(name, "ours", CancellationToken.None));

        Assert.Contains("its comment is by 'certbot'", refused.Message, StringComparison.Ordinal);
        Assert.Equal(["somebody's"], await world.AskAsync(name, "TXT"));
    }
}
