namespace Bibind.EndToEnd.Tests.Templates;

/// <summary>Fails each step of a build and of a promotion for good, before and after its effect, and counts what is left over: zero.</summary>
[Collection(TemplateVersionCollection.Name)]
public sealed class FailEachVersionStepTests
{
    public static TheoryData<string, bool> OfBuilding => Failures(Steps.OfBuildingAVersion);

    // What is undone is not failed here: an undo that fails for good is a leftover, which keeps the version from being promoted.
    public static TheoryData<string, bool> OfPromoting => Failures(Steps.OfPromotingAVersion.Except(["database.drop", "filestore.remove", "credentials.forget"]));

    [Theory]
    [MemberData(nameof(OfBuilding))]
    public async Task A_build_that_fails_leaves_nothing(string step, bool afterTheEffect)
    {
        await using var world = await VersionWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation, new FailureAt(step, afterTheEffect));

        var job = await host.Api.FailureOfAsync(await VersionWorld.BuildAsync(host.Api));

        Assert.All(job["inventory"]!["items"]!.AsArray(), i => Assert.Equal("absent", (string?)i!["state"]));
        await world.AssertOnlyAsync();
        Assert.Equal("2 failed, 1 current", await VersionWorld.StatesAsync(host.Api));
    }

    [Theory]
    [MemberData(nameof(OfPromoting))]
    public async Task A_promotion_that_fails_leaves_everything_as_it_was(string step, bool afterTheEffect)
    {
        await using var world = await VersionWorld.CreateAsync();
        var failure = new FailureAt(step, afterTheEffect) { IsOn = false };
        await using var host = await InProcessHost.StartAsync(world.Installation, failure);
        await VersionWorld.BuiltAsync(host.Api);
        failure.IsOn = true;

        await host.Api.FailureOfAsync(await VersionWorld.PromoteAsync(host.Api, 2));

        await world.AssertOnlyAsync("template_blank_v2");
        // Whoever lost the word of a promotion that took effect finds it on the list.
        var isPromoted = step == "template_versions.promote" && afterTheEffect;
        Assert.Equal(isPromoted ? "2 current, 1 previous" : "2 candidate, 1 current", await VersionWorld.StatesAsync(host.Api));
    }

    private static TheoryData<string, bool> Failures(IEnumerable<string> steps)
    {
        var failures = new TheoryData<string, bool>();
        foreach (var step in steps)
        {
            failures.Add(step, false);
            failures.Add(step, true);
        }

        return failures;
    }
}
