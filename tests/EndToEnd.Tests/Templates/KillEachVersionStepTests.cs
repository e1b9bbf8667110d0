using System.Text.Json.Nodes;

namespace Bibind.EndToEnd.Tests.Templates;

/// <summary>
/// Kills the host's process before and after every step that builds, promotes and retires a version; a host started afterwards must
/// finish by itself, with nothing left over.
/// </summary>
[Collection(TemplateVersionCollection.Name)]
public sealed class KillEachVersionStepTests
{
    public static TheoryData<string> OfBuilding => Boundaries(Steps.OfBuildingAVersion);

    public static TheoryData<string> OfPromoting => Boundaries(Steps.OfPromotingAVersion);

    public static TheoryData<string> OfRetiring => Boundaries(Steps.OfRetiringAVersion);

    [Theory]
    [MemberData(nameof(OfBuilding))]
    public async Task A_build_that_is_killed_finishes_by_itself(string boundary)
    {
        await using var world = await VersionWorld.CreateAsync();
        string job;
        await using (var doomed = await KillableHost.StartAsync(world.Installation, boundary))
        {
            job = await VersionWorld.BuildAsync(doomed.Api);
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(world.Installation);

        VersionWorld.Succeeded(await host.Api.EndOfAsync(job, seconds: 120));
        Assert.Equal("2 candidate, 1 current", await VersionWorld.StatesAsync(host.Api));
        await world.AssertOnlyAsync("template_blank_v2");
    }

    [Theory]
    [MemberData(nameof(OfPromoting))]
    public async Task A_promotion_that_is_killed_finishes_by_itself_and_leaves_nothing_of_its_trial(string boundary)
    {
        await using var world = await BuiltAsync();
        string job;
        await using (var doomed = await KillableHost.StartAsync(world.Installation, boundary))
        {
            job = await VersionWorld.PromoteAsync(doomed.Api, 2);
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(world.Installation);

        VersionWorld.Succeeded(await host.Api.EndOfAsync(job, seconds: 120));
        Assert.Equal("2 current, 1 previous", await VersionWorld.StatesAsync(host.Api));
        await world.AssertOnlyAsync("template_blank_v2");
    }

    [Theory]
    [MemberData(nameof(OfRetiring))]
    public async Task A_retirement_that_is_killed_finishes_by_itself(string boundary)
    {
        await using var world = await BuiltAsync();
        await using (var doomed = await KillableHost.StartAsync(world.Installation, boundary))
        {
            await doomed.Api.TryPostAsync("/api/templates/blank/versions/2/retire", new JsonObject { ["reason"] = "not needed" });
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(world.Installation);

        await world.AssertOnlyAsync();
        Assert.Equal(1, await world.Installation.CountAsync("select count(*) from control.template_versions where number = 2 and dropped_at is not null"));
    }

    private static async Task<VersionWorld> BuiltAsync()
    {
        var world = await VersionWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        await VersionWorld.BuiltAsync(host.Api);
        await world.Installation.ComesToRestAsync();
        return world;
    }

    private static TheoryData<string> Boundaries(IEnumerable<string> steps) => [.. steps.SelectMany(s => new[] { $"before:{s}", $"after:{s}" })];
}
