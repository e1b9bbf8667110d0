using Bibind.Activities.Certificates;
using Bibind.Activities.Tests.Dns;
using Bibind.Testing.Servers;
using Xunit;

namespace Bibind.Activities.Tests.Certificates;

/// <summary>A certificate whose key somebody else may have is replaced before its time, at a real Pebble.</summary>
[Collection(RealDns.Name)]
public sealed class CertificateReplacementTests
{
    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task The_next_one_has_another_key_the_former_one_is_revoked_and_it_is_published()
    {
        await using var world = await CertificateWorld.CreateAsync();
        var place = world.NewPlace();
        await world.Certificates.IssueAsync(place, None);
        using var leaked = await world.LeafAsync(place);

        Assert.Equal(1, await world.Renewals.ReplaceAsync(place.Host, None));

        using var next = await world.LeafAsync(place);
        var pebble = await SharedServers.PebbleAsync();
        Assert.NotEqual(Convert.ToHexString(leaked.GetPublicKey()), Convert.ToHexString(next.GetPublicKey()));
        Assert.Equal(("Revoked", "Valid"), (await pebble.GetStatusAsync(leaked), await pebble.GetStatusAsync(next)));
        Assert.Equal([CertificateNames.Of(place)], await world.Renewals.DueAsync(10, None));
        Assert.Equal(0, await world.Renewals.ReplaceAsync("unknown.example.test", None));
    }

    [Fact]
    public async Task Cut_short_before_the_new_one_is_stored_it_goes_on_with_the_same_order()
    {
        var isDead = false;
        await using var proxy = await AcmeProxy.StartAsync(await SharedServers.PebbleAsync(), (answer, _) =>
            isDead && answer.Path.Contains("revoke", StringComparison.Ordinal) ? throw new IOException("cut off") : Task.CompletedTask);
        await using var world = await CertificateWorld.CreateAsync([.. proxy.Settings]);
        var place = world.NewPlace();
        await world.Certificates.IssueAsync(place, None);
        using var leaked = await world.LeafAsync(place);

        // The authority has revoked it, and nobody heard of that.
        isDead = true;
        await Assert.ThrowsAsync<TransientFailureException>(() => world.Renewals.ReplaceAsync(place.Host, None));
        using var still = await world.LeafAsync(place);
        Assert.Equal(leaked.SerialNumber, still.SerialNumber);
        isDead = false;
        await using var restarted = await world.RestartAsync([.. proxy.Settings]);
        Assert.Equal(1, await restarted.Renewals.ReplaceAsync(place.Host, None));

        using var next = await world.LeafAsync(place);
        var pebble = await SharedServers.PebbleAsync();
        Assert.Equal(("Revoked", "Valid"), (await pebble.GetStatusAsync(leaked), await pebble.GetStatusAsync(next)));
        Assert.Equal(2, await world.CountAsync("certificate_orders"));
    }

    [Fact]
    public async Task The_order_of_the_former_one_is_not_taken_for_that_of_the_next()
    {
        CertificateWorld? known = null;
        string? name = null, order = null;
        await using var proxy = await AcmeProxy.StartAsync(await SharedServers.PebbleAsync(), async (answer, _) =>
        {
            if (order is null && answer.Body.Contains("BEGIN CERTIFICATE", StringComparison.Ordinal))
            {
                order = await known!.Secrets.FindAsync(name!, None);
            }
        });
        await using var world = known = await CertificateWorld.CreateAsync([.. proxy.Settings]);
        var place = world.NewPlace();
        name = CertificateNames.PendingOrder(CertificateNames.Of(place));
        await world.Certificates.IssueAsync(place, None);
        using var leaked = await world.LeafAsync(place);

        // As a process leaves it that ends between storing a certificate and dropping its order.
        await world.Secrets.SetAsync(name, order!, None);
        await world.Renewals.ReplaceAsync(place.Host, None);

        using var next = await world.LeafAsync(place);
        Assert.NotEqual(Convert.ToHexString(leaked.GetPublicKey()), Convert.ToHexString(next.GetPublicKey()));
    }
}
