using Bibind.Activities.Certificates;
using Bibind.Activities.Tests.Dns;
using Bibind.Local.RealServers;
using Bibind.Testing.Servers;
using Dapper;
using Npgsql;
using Xunit;

namespace Bibind.Activities.Tests.Certificates;

/// <summary>At an authority that suggests times for renewals (RFC 9773): a Pebble that is newer than the installed one.</summary>
[Collection(RealDns.Name)]
public sealed class RenewalInformationTests
{
    [Fact]
    public async Task The_authoritys_window_is_asked_for_and_kept()
    {
        await using var pebble = await StartAsync();
        await using var world = await CertificateWorld.CreateAsync(CertificateWorld.At(pebble));
        var place = world.NewPlace();
        await world.Certificates.IssueAsync(place, CancellationToken.None);
        using var leaf = await world.LeafAsync(place);

        var usual = await world.Renewals.RenewAsync(CertificateNames.Of(place), CancellationToken.None);
        await pebble.SuggestRenewalAsync(leaf, DateTimeOffset.UtcNow.AddDays(3), DateTimeOffset.UtcNow.AddDays(3).AddMinutes(1));
        world.Clock.Lead = TimeSpan.FromDays(2);
        var early = await world.Renewals.RenewAsync(CertificateNames.Of(place), CancellationToken.None);
        world.Clock.Lead = TimeSpan.FromDays(4);
        var due = await world.Renewals.RenewAsync(CertificateNames.Of(place), CancellationToken.None);

        Assert.Equal((false, false, true), (usual.Renewed, early.Renewed, due.Renewed));
        // It is looked at again soon, for the authority may want all its certificates renewed at any time.
        Assert.InRange(usual.LookAt!.Value - DateTimeOffset.UtcNow, TimeSpan.FromMinutes(1), TimeSpan.FromDays(1));
    }

    [Fact]
    public async Task A_renewal_names_what_it_replaces_and_takes_nothing_of_the_weeks_budget_unless_that_was_replaced_already()
    {
        await using var pebble = await StartAsync();
        await using var world = await CertificateWorld.CreateAsync([.. CertificateWorld.At(pebble), ("Certificates:PerWeek", "2")]);
        var place = world.NewPlace();
        var name = CertificateNames.Of(place);
        await world.Certificates.IssueAsync(place, CancellationToken.None);
        using var first = await world.LeafAsync(place);
        var secret = await world.Secrets.FindAsync(name, CancellationToken.None);
        await pebble.SuggestRenewalAsync(first, DateTimeOffset.UtcNow.AddDays(-3), DateTimeOffset.UtcNow.AddDays(-2));

        Assert.True((await world.Renewals.RenewAsync(name, CancellationToken.None)).Renewed);
        Assert.Equal(1, await world.CountAsync("certificate_orders"));

        // As after the control database was restored from before the renewal.
        await GoBackAsync(world, name, secret!);
        Assert.True((await world.Renewals.RenewAsync(name, CancellationToken.None)).Renewed);
        Assert.Equal(2, await world.CountAsync("certificate_orders"));

        await GoBackAsync(world, name, secret!);
        var third = await world.Renewals.RenewAsync(name, CancellationToken.None);
        Assert.False(third.Renewed);
        Assert.Contains("There is room again at", third.Note, StringComparison.Ordinal);
    }

    private static async Task GoBackAsync(CertificateWorld world, string name, string secret)
    {
        await world.Secrets.SetAsync(name, secret, CancellationToken.None);
        // The row follows the secret, and is told of first.
        Assert.True((await world.Renewals.RenewAsync(name, CancellationToken.None)).Renewed);
        await using var connection = await world.Get<NpgsqlDataSource>().OpenConnectionAsync();
        await connection.ExecuteAsync("update control.certificates set to_publish = false where name = @name", new { name });
    }

    private static async Task<PebbleServer> StartAsync()
    {
        var program = Path.Combine(
            Environment.GetEnvironmentVariable("BIBIND_TOOLS") ?? "data/tools", "pebble", "root", "usr", "bin", "pebble");
        Assert.SkipUnless(File.Exists(program), "A Pebble with renewal information could not be fetched (infra/local/setup.sh, need_newer_pebble).");
        var dns = await SharedServers.PowerDnsAsync();
        return await PebbleServer.StartAsync(new PebbleOptions { Dns = dns.Dns, Program = program });
    }
}
