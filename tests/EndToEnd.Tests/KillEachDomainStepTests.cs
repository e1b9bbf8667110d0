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

    public static TheoryData<string> OfDestroying => [.. Steps.OfDestroying];

    [Theory]
    [InlineData("domains.locate")]
    [InlineData("application.reset_address")]
    [InlineData("routing.withdraw")]
    [InlineData("certificates.revoke")]
    [InlineData("domains.forget")]
    public async Task A_domain_whose_removal_is_killed_is_gone_in_the_end(string step)
    {
        await using var world = await DomainWorld.StartAsync();
        await AddAsync(world);
        await world.StopAsync();
        string job;
        await using (var doomed = await KillableHost.StartAsync(world.Servers.Installation, $"after:{step}"))
        {
            job = await doomed.Api.RemoveDomainAsync(world.Code, world.Name);
            await doomed.DiesAsync();
        }

        await world.StartAgainAsync();

        var end = await world.Api.EndOfAsync(job, seconds: 120);
        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        Assert.Empty((await world.Api.GetAsync($"/api/tenants/{world.Code}/domains"))["items"]!.AsArray());
        await world.AssertNameIsGoneAsync();
    }

    [Theory]
    [MemberData(nameof(OfDestroying))]
    public async Task A_tenant_with_a_domain_whose_removal_is_killed_leaves_nothing_on_any_server(string step)
    {
        await using var world = await DomainWorld.StartAsync();
        await AddAsync(world);
        await world.StopAsync();
        string job;
        await using (var doomed = await KillableHost.StartAsync(world.Servers.Installation, $"after:{step}"))
        {
            // A removal without a last backup has no such step.
            job = await doomed.Api.DestroyAsync(world.Code, finalBackup: step == "backup.take");
            await doomed.DiesAsync();
        }

        await world.StartAgainAsync();

        var end = await world.Api.EndOfAsync(job, seconds: 120);
        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        Assert.All(end["inventory"]!["items"]!.AsArray(), item => Assert.Contains(item!["state"]!.GetValue<string>(), new[] { "absent", "kept" }));
        Assert.False(await world.Servers.IsKnownToProxyAsync(world.Name));
        Assert.Equal(0, await world.Servers.Installation.CountAsync("select count(*) from control.secrets where name like '%/' || $1 || '%'", world.Name));
        if (step != "backup.take")
        {
            await world.Servers.AssertNothingIsLeftAsync();
        }
    }

    private static async Task AddAsync(DomainWorld world)
    {
        var added = await world.AddAsync();
        Assert.True(added["state"]!.GetValue<string>() == "succeeded", added.ToString());
    }
}
