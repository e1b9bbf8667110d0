namespace Bibind.EndToEnd.Tests.TenantUpgrades;

/// <summary>
/// Kills the host's process before and after every step that is an upgrade's alone, and after those that it shares; a host started afterwards
/// finishes by itself. The statements are run once, whatever happens.
/// </summary>
public sealed class KillEachUpgradeStepTests(UpgradeWorld world) : IClassFixture<UpgradeWorld>
{
    private static readonly string[] OfRehearsals = ["upgrades.make_copy", "upgrades.neutralise", "upgrades.drop_copy", "upgrades.take_inventory"];

    // Of a rehearsal that ends there, and of an upgrade of its own.
    public static TheoryData<string> RehearsalBoundaries =>
        [.. OfRehearsals.SelectMany(s => new[] { $"before:{s}", $"after:{s}" }), "before:upgrades.begin", "after:upgrades.begin", "after:upgrades.check", "after:upgrades.apply", "after:filestore.copy"];

    public static TheoryData<string> Boundaries =>
        [
            "before:upgrades.close", "after:upgrades.close", "after:moves.freeze", "after:backup.take#2", "before:upgrades.apply#2", "after:upgrades.apply#2", "log:ReleaseApplied",
            "after:application.hand_over#2", "before:upgrades.pass", "after:upgrades.pass", "after:routing.publish", "before:upgrades.end", "after:upgrades.end",
        ];

    public static TheoryData<string> UndoBoundaries => ["before:backup.restore", "after:backup.restore", "after:application.hand_over#3", "before:upgrades.end"];

    [Theory]
    [MemberData(nameof(RehearsalBoundaries))]
    public async Task A_rehearsal_that_is_killed_finishes_by_itself(string boundary)
    {
        var job = await KillAsync(boundary, failAt: null, dryRun: true);
        await using var host = await InProcessHost.StartAsync(world.Installation);

        var end = await host.Api.EndOfAsync(job);

        Assert.True((string?)end["result"]?["outcome"] == "rehearsed", end.ToString());
        await world.AssertOpenAsync(host.Api, hasRelease: false, version: null);
    }

    [Theory]
    [MemberData(nameof(Boundaries))]
    public async Task An_upgrade_that_is_killed_finishes_by_itself(string boundary)
    {
        await using var fresh = await UpgradeWorld.CreateAsync();
        string job;
        await using (var doomed = await KillableHost.StartAsync(fresh.Installation, boundary))
        {
            job = await fresh.UpgradeAsync(doomed.Api);
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(fresh.Installation);
        var end = await host.Api.EndOfAsync(job);
        Assert.True((string?)end["result"]?["outcome"] == "upgraded", end.ToString());
        await fresh.AssertOpenAsync(host.Api, hasRelease: true, version: "19.0-2", safetyBackups: 1);
    }

    [Theory]
    [MemberData(nameof(UndoBoundaries))]
    public async Task A_way_back_that_is_killed_leaves_the_tenant_open_as_it_was(string boundary)
    {
        var job = await KillAsync(boundary, failAt: "upgrades.pass", dryRun: false);
        await using var host = await InProcessHost.StartAsync(world.Installation);

        var end = await host.Api.EndOfAsync(job);

        Assert.True((string?)end["result"]?["outcome"] == "rolled-back", end.ToString());
        await world.AssertOpenAsync(host.Api, hasRelease: false, version: null);
    }

    private async Task<string> KillAsync(string boundary, string? failAt, bool dryRun)
    {
        await using var doomed = await KillableHost.StartAsync(world.Installation, boundary, failAt);
        var job = await world.UpgradeAsync(doomed.Api, new System.Text.Json.Nodes.JsonObject { ["dryRun"] = dryRun });
        await doomed.DiesAsync();
        return job;
    }
}
