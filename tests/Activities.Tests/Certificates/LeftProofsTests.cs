using Bibind.Activities.Certificates;
using Bibind.Activities.Certificates.Acme;
using Bibind.Activities.Dns;
using Bibind.Activities.Tests.Dns;
using Bibind.Contracts;
using Bibind.ControlPlane.Certificates;
using Bibind.Local;
using Xunit;

namespace Bibind.Activities.Tests.Certificates;

/// <summary>Proofs that a killed process left outside, or that DNS was away for.</summary>
[Collection(RealDns.Name)]
public sealed class LeftProofsTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task A_record_that_a_killed_process_left_is_seen_and_swept()
    {
        await using var world = await CertificateWorld.CreateAsync();
        var place = world.NewPlace();
        await ShowAsync(world, place, "token-of-a-killed-attempt");

        Assert.True(await world.Certificates.IsProofShownAsync(place, None));
        await world.Certificates.SweepProofsAsync(None);

        Assert.False(await world.Certificates.IsProofShownAsync(place, None));
        Assert.DoesNotContain("_acme-challenge", await world.Dns.ReadZoneAsync(world.Zone), StringComparison.Ordinal);
        Assert.Equal(0, await world.CountAsync("acme_proofs"));
    }

    [Fact]
    public async Task A_record_of_an_earlier_order_goes_with_that_of_the_next()
    {
        await using var world = await CertificateWorld.CreateAsync();
        var place = world.NewPlace();
        await ShowAsync(world, place, "token-of-a-killed-attempt");

        await world.Certificates.IssueAsync(place, None);

        Assert.DoesNotContain("_acme-challenge", await world.Dns.ReadZoneAsync(world.Zone), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Removing_a_certificate_takes_away_a_record_that_nobody_noted()
    {
        await using var world = await CertificateWorld.CreateAsync();
        var place = world.NewPlace();
        await world.Get<IDnsChallenges>().PresentAsync($"_acme-challenge.{place.Host}", "of-an-earlier-release", None);
        Assert.True(await world.Certificates.IsProofShownAsync(place, None));

        await world.Certificates.RevokeAsync(place, None);

        Assert.False(await world.Certificates.IsProofShownAsync(place, None));
    }

    [Fact]
    public async Task A_record_that_is_not_ours_stays()
    {
        await using var world = await CertificateWorld.CreateAsync(("Dns:Owner", "somebody-else"));
        await using var ours = await world.RestartAsync();
        var place = world.NewPlace();
        await world.Get<IDnsChallenges>().PresentAsync($"_acme-challenge.{place.Host}", "theirs", None);

        await ours.Certificates.RevokeAsync(place, None);

        Assert.False(await ours.Certificates.IsProofShownAsync(place, None));
        Assert.Contains("theirs", await world.Dns.ReadZoneAsync(world.Zone), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_removal_is_not_done_while_the_record_cannot_be_taken_away()
    {
        await using var world = await CertificateWorld.CreateAsync();
        await using var cut = await world.RestartAsync(("Dns:PowerDns:Url", $"http://127.0.0.1:{FreePorts.Next()}"));
        var place = world.NewPlace();
        await ShowAsync(world, place, "token");

        await Assert.ThrowsAsync<TransientFailureException>(() => cut.Certificates.RevokeAsync(place, None));
        await cut.Certificates.SweepProofsAsync(None);
        Assert.True(await world.Certificates.IsProofShownAsync(place, None));
        await world.Certificates.RevokeAsync(place, None);

        Assert.False(await world.Certificates.IsProofShownAsync(place, None));
    }

    [Fact]
    public async Task An_answer_to_a_challenge_by_http_is_swept_too()
    {
        await using var world = await CertificateWorld.CreateAsync(("Certificates:Challenge", "http-01"));
        var place = world.NewPlace();
        await ShowAsync(world, place, ChallengeTypes.Http, "token");
        Assert.True(await world.Certificates.IsProofShownAsync(place, None));

        await world.Certificates.SweepProofsAsync(None);

        Assert.Null(await world.Get<ChallengeStore>().FindAsync("token", None));
        Assert.Equal(0, await world.CountAsync("acme_challenges"));
        Assert.False(await world.Certificates.IsProofShownAsync(place, None));
    }

    private static Task ShowAsync(CertificateWorld world, TenantDescriptor place, string token) => ShowAsync(world, place, ChallengeTypes.Dns, token);

    private static async Task ShowAsync(CertificateWorld world, TenantDescriptor place, string challengeType, string token)
    {
        var key = (await world.Get<AcmeClient>().AccountAsync(None)).Key;
        await world.Get<ChallengeProofs>().ShowAsync(
            CertificateNames.Of(place), challengeType, place.Host, token, key.AnswerTo(challengeType, token), None);
    }
}
