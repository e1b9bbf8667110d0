namespace Bibind.EndToEnd.Tests.Moves;

/// <summary>
/// Kills the host's process after every step of a move and of the removal of its copy, and before those that are a move's alone; a host started
/// afterwards finishes by itself. The other steps are killed before their effect by the tests of restores and removals.
/// </summary>
public sealed class KillEachMoveStepTests
{
    public static TheoryData<string> Boundaries => [.. Steps.OfMoving.Select(s => $"after:{s}"), .. Steps.OfMoving.Where(s => s.StartsWith("moves.", StringComparison.Ordinal)).Select(s => $"before:{s}"), "log:BackupRestored"];

    public static TheoryData<string> RemovalBoundaries => [.. Steps.OfRemovingACopy.Select(s => $"after:{s}")];

    public static TheoryData<string> UndoBoundaries =>
        [.. new[] { "moves.unfreeze", "application.hand_over", "database.drop", "filestore.remove", "moves.take_inventory", "moves.end" }
            .Select(s => $"before:{s}")];

    [Theory]
    [MemberData(nameof(Boundaries))]
    public async Task A_move_that_is_killed_finishes_by_itself(string boundary)
    {
        await using var world = await MoveWorld.CreateAsync();
        string job;
        await using (var doomed = await KillableHost.StartAsync(world.Installation, boundary))
        {
            job = await world.MoveAsync(doomed.Api);
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(world.Installation);

        var end = await host.Api.EndOfAsync(job);
        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        await world.AssertOpenAsync(host.Api, "second", $"local/{world.Code}");
    }

    [Theory]
    [MemberData(nameof(RemovalBoundaries))]
    public async Task A_removal_of_a_copy_that_is_killed_finishes_by_itself(string boundary)
    {
        await using var world = await MoveWorld.CreateAsync();
        string job;
        await using (var doomed = await KillableHost.StartAsync(world.Installation, boundary))
        {
            await doomed.Api.EndOfAsync(await world.MoveAsync(doomed.Api));
            var move = (await doomed.Api.GetAsync($"/api/moves?tenant={world.Code}"))["items"]![0]!["id"];
            job = await doomed.Api.PostAsync($"/api/moves/{move}/confirm");
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(world.Installation);

        var end = await host.Api.EndOfAsync(job);
        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        await world.AssertOpenAsync(host.Api, "second");
        Assert.False(world.HasFile("local", "mine"));
    }

    [Theory]
    [MemberData(nameof(UndoBoundaries))]
    public async Task A_way_back_that_is_killed_leaves_the_tenant_open_where_it_was(string boundary)
    {
        await using var world = await MoveWorld.CreateAsync();
        string job;
        world.ApplicationAnswers = false;
        await using (var doomed = await KillableHost.StartAsync(world.Installation, boundary))
        {
            job = await world.MoveAsync(doomed.Api);
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(world.Installation);

        var end = await host.Api.EndOfAsync(job);
        Assert.Equal("failed", (string?)end["state"]);
        await world.AssertOpenAsync(host.Api, "local");
        Assert.False(world.HasFile("second", "mine"));
    }
}
