namespace Bibind.EndToEnd.Tests.Rollouts;

/// <summary>Kills the host's process at each point of a rollout's rounds; a host that is started afterwards, or that stood beside it, goes on.</summary>
public sealed class KillRolloutTests
{
    public static TheoryData<string> Boundaries =>
    [
        "before:rollouts.advance", "after:rollouts.advance", "before:rollouts.advance#2", "after:rollouts.advance#3", "log:RolloutTenantStarted", "after:upgrades.apply#2", "after:upgrades.end", "before-commit:3",
    ];

    [Theory]
    [MemberData(nameof(Boundaries))]
    public async Task A_rollout_that_is_killed_goes_on_and_upgrades_each_tenant_once(string boundary)
    {
        await using var world = await RolloutWorld.CreateAsync(2);
        string rollout;
        await using (var doomed = await KillableHost.StartAsync(world.Installation, boundary))
        {
            rollout = await RolloutWorld.StartAsync(doomed.Api);
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(world.Installation);

        await RolloutWorld.StateAsync(host.Api, rollout, "completed");
        Assert.Equal(world.Codes, await RolloutWorld.TenantsAsync(host.Api, rollout, "succeeded"));
        await world.AssertReleasedAsync(host.Api, world.Codes);
    }

    [Fact]
    public async Task Of_two_hosts_one_is_killed_in_the_midst_of_a_wave_and_the_other_goes_on()
    {
        await using var world = await RolloutWorld.CreateAsync(3);
        await using var host = await InProcessHost.StartAsync(world.Installation);
        await using var doomed = await KillableHost.StartAsync(world.Installation, "before:upgrades.apply");

        var rollout = await RolloutWorld.StartAsync(host.Api, new System.Text.Json.Nodes.JsonObject { ["waves"] = new System.Text.Json.Nodes.JsonArray(new System.Text.Json.Nodes.JsonObject { ["percent"] = 100 }) });
        await RolloutWorld.StateAsync(host.Api, rollout, "completed");

        Assert.Equal(world.Codes, await RolloutWorld.TenantsAsync(host.Api, rollout, "succeeded"));
        await world.AssertReleasedAsync(host.Api, world.Codes);
    }
}
