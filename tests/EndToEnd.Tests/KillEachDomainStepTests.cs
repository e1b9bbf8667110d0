using System.Net;

namespace Bibind.EndToEnd.Tests;

/// <summary>Kills the host's process after every step about a domain, before its answer is stored; a host started afterwards must finish by itself.</summary>
public sealed class KillEachDomainStepTests
{
    [Theory]
    [InlineData("domains.check")]
    [InlineData("certificates.issue")]
    [InlineData("routing.publish")]
    [InlineData("application.set_address")]
    [InlineData("domains.activate")]
    public async Task A_domain_whose_set_up_is_killed_is_active_in_the_end(string step)
    {
        await using var world = await DomainWorld.StartAsync();
        var (job, body) = await world.Api.AddDomainAsync(world.Code, world.Name);
        await world.Api.DomainAsync(world.Code, d => d["checkedAt"] is not null);
        await world.FollowAsync(body["instructions"]!);
        await world.StopAsync();
        await using (var doomed = await KillableHost.StartAsync(world.Servers.Installation, $"after:{step}"))
        {
            await world.Servers.ServeChallengesAsync(doomed.Address);
            await doomed.Api.ValidateDomainAsync(world.Code, world.Name);
            await doomed.DiesAsync();
        }

        await world.StartAgainAsync();

        var end = await world.Api.EndOfAsync(job, seconds: 120);
        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        Assert.Equal(HttpStatusCode.OK, (await world.Servers.GetAtAsync(world.Name)).Status);
        Assert.Equal($"https://{world.Name}", await world.AddressInApplicationAsync());
    }
}
