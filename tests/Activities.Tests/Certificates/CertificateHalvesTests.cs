using Bibind.Activities.Certificates;
using Bibind.Activities.Tests.Dns;
using Bibind.Contracts;
using Xunit;

namespace Bibind.Activities.Tests.Certificates;

/// <summary>A process that was killed between a certificate's secret and its row.</summary>
[Collection(RealDns.Name)]
public sealed class CertificateHalvesTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task A_retry_writes_the_row_of_a_secret_and_drops_the_key_of_its_order()
    {
        await using var world = await CertificateWorld.CreateAsync();
        var (place, name) = await WithoutRowAsync(world);

        await world.Certificates.IssueAsync(place, None);

        await IsWholeAsync(world, name);
        Assert.Equal(1, await world.CountAsync("certificate_orders"));
    }

    [Fact]
    public async Task The_renewal_finds_a_secret_without_a_row()
    {
        await using var world = await CertificateWorld.CreateAsync();
        var (place, name) = await WithoutRowAsync(world);

        Assert.Equal([name], await world.Renewals.DueAsync(10, None));
        var outcome = await world.Renewals.RenewAsync(name, None);

        Assert.Equal((true, place.TenantId), (outcome.Renewed, outcome.TenantId));
        await IsWholeAsync(world, name);
        Assert.Equal(place.Host, (await world.Register.FindAsync(name, None))!.Host);
        Assert.Equal(1, await world.CountAsync("certificate_orders"));
    }

    [Fact]
    public async Task The_wildcard_without_a_row_is_found_too()
    {
        await using var world = await CertificateWorld.CreateAsync(("Certificates:Provider", "wildcard"));
        await world.Certificates.IssueAsync(world.NewPlace(), None);
        var name = CertificateNames.OfPlatform(world.Zone);
        await world.Register.DeleteAsync(name, None);

        Assert.Equal([name], await world.Renewals.DueAsync(10, None));
        await world.Renewals.RenewAsync(name, None);

        var row = (await world.Register.FindAsync(name, None))!;
        Assert.Equal(($"*.{world.Zone}", null), (row.Host, row.TenantId));
    }

    [Fact]
    public async Task A_row_without_a_secret_goes_where_no_tenant_needs_it()
    {
        await using var world = await CertificateWorld.CreateAsync();
        var place = world.NewPlace();
        await world.Certificates.IssueAsync(place, None);
        var name = CertificateNames.Of(place);
        await world.Secrets.DeleteAsync(name, None);
        Assert.True(await world.Certificates.ExistsAsync(place, None));

        Assert.Equal([name], await world.Renewals.DueAsync(10, None));
        await world.Renewals.RenewAsync(name, None);

        Assert.False(await world.Certificates.ExistsAsync(place, None));
        Assert.Empty(await world.Renewals.DueAsync(10, None));
    }

    [Fact]
    public async Task A_renewal_that_was_killed_before_the_row_is_not_ordered_twice()
    {
        await using var world = await CertificateWorld.CreateAsync();
        var place = world.NewPlace();
        await world.Certificates.IssueAsync(place, None);
        var name = CertificateNames.Of(place);
        var renewed = await world.Get<ICertificateAuthority>().IssueAsync(new CertificateFor(name, place.TenantId, [place.Host]), null, None);
        var former = (await world.Register.FindAsync(name, None))!;
        await world.Register.PutAsync(former with { NotAfter = former.NotAfter.AddDays(-1), LookAt = former.NotBefore }, None);
        await world.Secrets.SetAsync(name, renewed.ToSecret(), None);

        var outcome = await world.Renewals.RenewAsync(name, None);

        Assert.True(outcome.Renewed);
        Assert.Equal(2, await world.CountAsync("certificate_orders"));
        await IsWholeAsync(world, name);
    }

    [Fact]
    public async Task A_renewal_that_nobody_was_told_of_is_told_again_until_it_is_published()
    {
        await using var world = await CertificateWorld.CreateAsync();
        var place = world.NewPlace();
        await world.Certificates.IssueAsync(place, None);
        var name = CertificateNames.Of(place);
        world.Clock.Lead = TimeSpan.FromDays(70);
        Assert.True((await world.Renewals.RenewAsync(name, None)).Renewed);

        // The process was killed before it could answer.
        Assert.Equal([name], await world.Renewals.DueAsync(10, None));
        Assert.True((await world.Renewals.RenewAsync(name, None)).Renewed);
        await world.Register.NotePublishingAsync(name, None);

        // Pebble's own clock was not moved.
        world.Clock.Lead = TimeSpan.Zero;
        Assert.Empty(await world.Renewals.DueAsync(10, None));
        Assert.False((await world.Renewals.RenewAsync(name, None)).Renewed);
        Assert.Equal(2, await world.CountAsync("certificate_orders"));
    }

    [Fact]
    public async Task The_order_of_a_renewal_that_goes_on_is_kept()
    {
        await using var world = await CertificateWorld.CreateAsync();
        var place = world.NewPlace();
        await world.Certificates.IssueAsync(place, None);
        var order = CertificateNames.PendingOrder(CertificateNames.Of(place));
        await world.Secrets.SetAsync(order, new PendingOrder("ca.example", new Uri("https://ca.example/order/1"), "another key", null).ToSecret(), None);

        await world.Certificates.IssueAsync(place, None);

        Assert.Equal(1, await world.Secrets.CountAsync(order, None));
    }

    private static async Task<(TenantDescriptor Place, string Name)> WithoutRowAsync(CertificateWorld world)
    {
        var place = world.NewPlace();
        await world.Certificates.IssueAsync(place, None);
        var name = CertificateNames.Of(place);
        var held = HeldCertificate.OfSecret((await world.Secrets.FindAsync(name, None))!);
        await world.Secrets.SetAsync(
            CertificateNames.PendingOrder(name), new PendingOrder(held.Issuer, new Uri("https://ca.example/order/1"), held.PrivateKeyPem, null).ToSecret(), None);
        await world.Register.DeleteAsync(name, None);
        return (place, name);
    }

    private static async Task IsWholeAsync(CertificateWorld world, string name)
    {
        var held = HeldCertificate.OfSecret((await world.Secrets.FindAsync(name, None))!);
        Assert.True(CertificateStore.IsOf((await world.Register.FindAsync(name, None))!, held));
        Assert.Equal(0, await world.Secrets.CountAsync(CertificateNames.PendingOrder(name), None));
    }
}
