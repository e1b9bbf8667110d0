using Bibind.Activities.Tests.Dns;
using Bibind.Testing.Servers;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Bibind.Activities.Tests.Certificates;

/// <summary>A real Pebble that answers as odder authorities do.</summary>
[Collection(RealDns.Name)]
public sealed class OddAuthorityTests
{
    [Theory]
    [InlineData("86400")]
    [InlineData("Fri, 31 Dec 2100 23:59:59 GMT")]
    [InlineData("Fri, 31 Dec 1999 23:59:59 GMT")]
    [InlineData("-5")]
    [InlineData("soon")]
    [InlineData("99999999999999999999")]
    public async Task An_authority_that_asks_to_come_back_later_is_not_believed_beyond_our_deadline(string retryAfter)
    {
        await using var proxy = await AcmeProxy.StartAsync(await SharedServers.PebbleAsync(), (answer, _) =>
        {
            answer.RetryAfter = answer.IsAuthorization ? retryAfter : null;
            if (answer is { IsAuthorization: true, Number: 2 })
            {
                answer.Say("pending", instead: "valid");
            }

            return Task.CompletedTask;
        });
        await using var world = await CertificateWorld.CreateAsync([.. proxy.Settings, ("Certificates:Acme:OrderLimit", "00:00:12")]);
        var place = world.NewPlace();

        await world.Certificates.IssueAsync(place, CancellationToken.None);

        Assert.NotNull(await world.Found.FindAsync(place, CancellationToken.None));
        Assert.Equal(1, await world.CountAsync("certificate_orders"));
    }

    [Fact]
    public async Task The_proof_stays_until_the_deadline_and_the_words_are_true()
    {
        CertificateWorld? world = null;
        var zones = new List<string>();
        await using var proxy = await AcmeProxy.StartAsync(await SharedServers.PebbleAsync(), async (answer, _) =>
        {
            if (answer.IsAuthorization)
            {
                (answer.RetryAfter, var isFirst) = ("86400", answer.Number == 1);
                answer.Say("pending", instead: "valid");
                if (!isFirst)
                {
                    zones.Add(await world!.Dns.ReadZoneAsync(world.Zone));
                }
            }
        });
        await using var created = world = await CertificateWorld.CreateAsync([.. proxy.Settings, ("Certificates:Acme:OrderLimit", "00:00:02")]);
        var place = world.NewPlace();

        var undecided = await Assert.ThrowsAsync<TransientFailureException>(() => world.Certificates.IssueAsync(place, CancellationToken.None));

        Assert.Contains("still being validated", undecided.Message, StringComparison.Ordinal);
        Assert.True(zones.Count >= 2);
        Assert.All(zones, zone => Assert.Contains($"_acme-challenge.{place.Host}", zone, StringComparison.Ordinal));
        Assert.False(await world.Certificates.IsProofShownAsync(place, CancellationToken.None));
    }

    [Fact]
    public async Task A_call_that_the_authority_heard_but_did_not_answer_loses_nothing()
    {
        await using var proxy = await AcmeProxy.StartAsync(await SharedServers.PebbleAsync(), (answer, http) =>
            answer is { IsChallenge: true, Number: 1 } ? Task.Delay(Timeout.Infinite, http.RequestAborted) : Task.CompletedTask);
        await using var world = await CertificateWorld.CreateAsync([.. proxy.Settings, ("Certificates:Acme:CallLimit", "00:00:02")]);
        var place = world.NewPlace();

        await world.Certificates.IssueAsync(place, CancellationToken.None);

        Assert.NotNull(await world.Found.FindAsync(place, CancellationToken.None));
        Assert.Equal(1, await world.CountAsync("certificate_orders"));
    }

    [Fact]
    public async Task An_authority_that_is_silent_while_it_validates_still_finds_the_proof()
    {
        await using var proxy = await AcmeProxy.StartAsync(await SharedServers.PebbleAsync(), (answer, http) =>
            answer is { IsAuthorization: true, Number: 2 } ? Task.Delay(Timeout.Infinite, http.RequestAborted) : Task.CompletedTask);
        await using var world = await CertificateWorld.CreateAsync([.. proxy.Settings, ("Certificates:Acme:CallLimit", "00:00:02")]);
        var place = world.NewPlace();

        await world.Certificates.IssueAsync(place, CancellationToken.None);

        Assert.Equal(1, await world.CountAsync("certificate_orders"));
    }

    [Theory]
    [InlineData("invalid")]
    [InlineData("deactivated")]
    [InlineData("expired")]
    [InlineData("revoked")]
    public async Task An_authorization_that_has_ended_means_a_new_order(string status)
    {
        var isFirst = true;
        await using var proxy = await AcmeProxy.StartAsync(await SharedServers.PebbleAsync(), (answer, _) =>
        {
            if (answer.IsAuthorization && isFirst)
            {
                isFirst = false;
                answer.Say(status, instead: "pending");
            }

            return Task.CompletedTask;
        });
        await using var world = await CertificateWorld.CreateAsync(proxy.Settings);
        var place = world.NewPlace();

        await world.Certificates.IssueAsync(place, CancellationToken.None);

        Assert.NotNull(await world.Found.FindAsync(place, CancellationToken.None));
        Assert.Equal(2, await world.CountAsync("certificate_orders"));
        Assert.Equal(0, await world.Secrets.CountAsync($"certificates/tenants/{place.TenantId}/{place.Host}/pending-order", CancellationToken.None));
    }

    [Fact]
    public async Task A_challenge_that_cannot_be_updated_any_more_means_a_new_order()
    {
        string? ended = null;
        await using var proxy = await AcmeProxy.StartAsync(await SharedServers.PebbleAsync(), (answer, _) =>
        {
            if (answer.IsChallenge && ended is null)
            {
                ended = string.Empty;
                answer.Status = StatusCodes.Status400BadRequest;
                answer.Body = """{"type":"urn:ietf:params:acme:error:malformed","detail":"Cannot update challenge with status invalid, only status pending"}""";
            }
            else if (answer.IsAuthorization && (ended == string.Empty || ended == answer.Path))
            {
                ended = answer.Path;
                answer.Say("invalid", instead: "pending");
                answer.Say("invalid", instead: "valid");
            }

            return Task.CompletedTask;
        });
        await using var world = await CertificateWorld.CreateAsync(proxy.Settings);
        var place = world.NewPlace();

        await world.Certificates.IssueAsync(place, CancellationToken.None);

        Assert.NotNull(await world.Found.FindAsync(place, CancellationToken.None));
        Assert.Equal(2, await world.CountAsync("certificate_orders"));
        Assert.DoesNotContain("_acme-challenge", await world.Dns.ReadZoneAsync(world.Zone), StringComparison.Ordinal);
    }

    [Fact]
    public async Task New_orders_in_the_place_of_ended_ones_stay_within_the_budget()
    {
        await using var proxy = await AcmeProxy.StartAsync(await SharedServers.PebbleAsync(), (answer, _) =>
        {
            if (answer.IsAuthorization)
            {
                answer.Say("invalid", instead: "pending");
            }

            return Task.CompletedTask;
        });
        await using var world = await CertificateWorld.CreateAsync([.. proxy.Settings, ("Certificates:FailuresPerHour", "3")]);
        var place = world.NewPlace();

        await Assert.ThrowsAsync<TransientFailureException>(() => world.Certificates.IssueAsync(place, CancellationToken.None));
        var full = await Assert.ThrowsAsync<TransientFailureException>(() => world.Certificates.IssueAsync(place, CancellationToken.None));

        Assert.Contains("3 orders for", full.Message, StringComparison.Ordinal);
        Assert.Equal(3, await world.CountAsync("certificate_orders"));
    }
}
