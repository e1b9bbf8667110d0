using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Bibind.Activities.Certificates;
using Bibind.Activities.Tests.Dns;
using Bibind.Durable;
using Bibind.Local;
using Bibind.Local.RealServers;
using Bibind.Testing.Servers;
using Xunit;

namespace Bibind.Activities.Tests.Certificates;

/// <summary>Against a real Pebble, which rejects one nonce in twenty, and a real PowerDNS.</summary>
[Collection(RealDns.Name)]
public sealed class AcmeIssueTests
{
    [Fact]
    public async Task A_certificate_by_dns_leads_to_the_root_of_the_authority()
    {
        await using var world = await CertificateWorld.CreateAsync();
        var place = world.NewPlace();

        await world.Certificates.IssueAsync(place, CancellationToken.None);

        var found = await world.Found.FindAsync(place, CancellationToken.None);
        AssertLeadsTo(await (await SharedServers.PebbleAsync()).GetRootAsync(), found!.ChainPem, place.Host);
        using var key = ECDsa.Create();
        key.ImportFromPem(found.PrivateKeyPem);
        Assert.Equal(256, key.KeySize);
        Assert.DoesNotContain("_acme-challenge", await world.Dns.ReadZoneAsync(world.Zone), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_by_http_is_proved_through_the_control_database()
    {
        var pebble = await SharedServers.PebbleAsync();
        await using var world = await CertificateWorld.CreateAsync(("Certificates:Challenge", "http-01"));
        await using var front = await world.AnswerChallengesAsync(pebble.HttpPort);
        var place = world.NewPlace();
        await world.Records.CreateAsync(place, CancellationToken.None);

        await world.Certificates.IssueAsync(place, CancellationToken.None);

        AssertLeadsTo(await pebble.GetRootAsync(), (await world.Found.FindAsync(place, CancellationToken.None))!.ChainPem, place.Host);
        Assert.True(front.Requests > 0);
        Assert.Equal(0, await world.CountAsync("acme_challenges"));
    }

    [Fact]
    public async Task An_order_by_http_is_not_placed_before_the_name_is_there()
    {
        await using var world = await CertificateWorld.CreateAsync(("Certificates:Challenge", "http-01"), ("Dns:VerifyLimit", "00:00:00.3"));

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => world.Certificates.IssueAsync(world.NewPlace(), CancellationToken.None));

        Assert.Contains("authoritative DNS server", failed.Message, StringComparison.Ordinal);
        Assert.Equal(0, await world.CountAsync("certificate_orders"));
    }

    [Fact]
    public async Task Issuing_again_orders_nothing()
    {
        await using var world = await CertificateWorld.CreateAsync();
        var place = world.NewPlace();
        await world.Certificates.IssueAsync(place, CancellationToken.None);
        var first = await world.Found.FindAsync(place, CancellationToken.None);

        await world.Certificates.IssueAsync(place, CancellationToken.None);

        Assert.Equal(first, await world.Found.FindAsync(place, CancellationToken.None));
        Assert.Equal(1, await world.CountAsync("certificate_orders"));
    }

    [Fact]
    public async Task Revoking_revokes_at_the_authority_forgets_the_key_and_can_be_repeated()
    {
        await using var world = await CertificateWorld.CreateAsync();
        var place = world.NewPlace();
        await world.Certificates.IssueAsync(place, CancellationToken.None);
        using var certificate = await world.LeafAsync(place);
        Assert.True(await world.Certificates.ExistsAsync(place, CancellationToken.None));

        await world.Certificates.RevokeAsync(place, CancellationToken.None);
        await world.Certificates.RevokeAsync(place, CancellationToken.None);

        Assert.Equal("Revoked", await (await SharedServers.PebbleAsync()).GetStatusAsync(certificate));
        Assert.Null(await world.Found.FindAsync(place, CancellationToken.None));
        Assert.False(await world.Certificates.ExistsAsync(place, CancellationToken.None));
    }

    [Fact]
    public async Task A_certificate_that_is_revoked_already_is_forgotten()
    {
        await using var world = await CertificateWorld.CreateAsync();
        var place = world.NewPlace();
        await world.Certificates.IssueAsync(place, CancellationToken.None);
        using var certificate = await world.LeafAsync(place);
        await world.Get<Activities.Certificates.Acme.AcmeClient>().RevokeAsync(certificate.RawData, RevocationReason.CessationOfOperation, CancellationToken.None);

        await world.Certificates.RevokeAsync(place, CancellationToken.None);

        Assert.False(await world.Certificates.ExistsAsync(place, CancellationToken.None));
    }

    [Fact]
    public async Task Tenants_at_the_same_time_get_a_certificate_each()
    {
        await using var world = await CertificateWorld.CreateAsync();
        var places = Enumerable.Range(0, 8).Select(_ => world.NewPlace()).ToList();

        await Task.WhenAll(places.Select(p => world.Certificates.IssueAsync(p, CancellationToken.None)));

        foreach (var place in places)
        {
            using var leaf = await world.LeafAsync(place);
            Assert.True(leaf.MatchesHostname(place.Host));
        }
    }

    [Fact]
    public async Task The_sub_domains_share_a_wildcard_that_is_obtained_once()
    {
        await using var world = await CertificateWorld.CreateAsync(("Certificates:Provider", "wildcard"));
        await using var other = await world.RestartAsync(("Certificates:Provider", "wildcard"));
        var places = Enumerable.Range(0, 6).Select(_ => world.NewPlace()).ToList();

        await Task.WhenAll(places.Select((p, i) => (i % 2 == 0 ? world : other).Certificates.IssueAsync(p, CancellationToken.None)));

        Assert.Equal(1, await world.CountAsync("certificate_orders"));
        using var leaf = await world.LeafAsync(places[0]);
        Assert.All(places, p => Assert.True(leaf.MatchesHostname(p.Host)));
        await world.Certificates.RevokeAsync(places[0], CancellationToken.None);
        Assert.NotNull(await world.Found.FindAsync(places[0], CancellationToken.None));
        Assert.False(await world.Certificates.ExistsAsync(places[0], CancellationToken.None));
    }

    [Fact]
    public async Task The_account_is_the_same_after_a_restart()
    {
        await using var world = await CertificateWorld.CreateAsync();
        await using var restarted = await world.RestartAsync();

        Assert.Equal(await world.AccountAsync(), await restarted.AccountAsync());
    }

    [Fact]
    public async Task An_order_that_was_broken_off_is_taken_up_again()
    {
        // The challenge's record is never seen, hence the order stays as it was placed.
        await using var world = await CertificateWorld.CreateAsync(
            ("Dns:Authoritative", $"127.0.0.1:{FreePorts.Next()}"), ("Dns:VerifyLimit", "00:00:00.2"));
        var place = world.NewPlace();
        await Assert.ThrowsAsync<TransientFailureException>(() => world.Certificates.IssueAsync(place, CancellationToken.None));
        await using var later = await world.RestartAsync();

        await later.Certificates.IssueAsync(place, CancellationToken.None);

        Assert.NotNull(await later.Found.FindAsync(place, CancellationToken.None));
        Assert.Equal(1, await world.CountAsync("certificate_orders"));
        Assert.Equal(0, await world.Secrets.CountAsync($"certificates/tenants/{place.TenantId}/{place.Host}/pending-order", CancellationToken.None));
    }

    [Fact]
    public async Task The_budget_of_a_registered_domain_is_kept_over_all_machines()
    {
        await using var world = await CertificateWorld.CreateAsync(("Certificates:PerWeek", "2"));
        await world.Certificates.IssueAsync(world.NewPlace(), CancellationToken.None);
        await world.Certificates.IssueAsync(world.NewPlace(), CancellationToken.None);
        await using var other = await world.RestartAsync(("Certificates:PerWeek", "2"));

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => other.Certificates.IssueAsync(world.NewPlace(), CancellationToken.None));

        Assert.Contains("2 certificates of", failed.Message, StringComparison.Ordinal);
        Assert.Contains("There is room again at", failed.Message, StringComparison.Ordinal);
        other.Clock.Lead = TimeSpan.FromDays(7) + TimeSpan.FromMinutes(1);
        await other.Certificates.IssueAsync(world.NewPlace(), CancellationToken.None);
    }

    [Fact]
    public async Task An_authority_that_asks_for_its_own_account_gets_the_binding()
    {
        var key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
        await using var pebble = await PebbleServer.StartAsync(new PebbleOptions
        {
            Dns = (await SharedServers.PowerDnsAsync()).Dns,
            ExternalAccounts = new Dictionary<string, string> { ["kid-1"] = key },
        });
        await using var without = await CertificateWorld.CreateAsync(CertificateWorld.At(pebble));
        await using var bound = await CertificateWorld.CreateAsync(
            [.. CertificateWorld.At(pebble), ("Certificates:Acme:EabKeyId", "kid-1"), ("Certificates:Acme:EabKey", key)]);
        var place = bound.NewPlace();

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => without.Certificates.IssueAsync(without.NewPlace(), CancellationToken.None));
        await bound.Certificates.IssueAsync(place, CancellationToken.None);

        Assert.Contains("Certificates__Acme__EabKeyId", refused.Message, StringComparison.Ordinal);
        Assert.NotNull(await bound.Found.FindAsync(place, CancellationToken.None));
    }

    [Fact]
    public async Task Keys_are_told_nowhere()
    {
        await using var world = await CertificateWorld.CreateAsync();
        var place = world.NewPlace();

        await world.Certificates.IssueAsync(place, CancellationToken.None);

        var found = (await world.Found.FindAsync(place, CancellationToken.None))!;
        Assert.DoesNotContain("PRIVATE KEY", found.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(world.Logs.Lines, line => line.Contains("PRIVATE KEY", StringComparison.Ordinal));
    }

    internal static void AssertLeadsTo(X509Certificate2 root, string chainPem, string host)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPem(chainPem);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.ExtraStore.AddRange(certificates);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        Assert.True(chain.Build(certificates[0]), string.Join(", ", chain.ChainStatus.Select(s => s.StatusInformation)));
        Assert.True(certificates[0].MatchesHostname(host));
    }
}
