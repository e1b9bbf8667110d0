namespace Bibind.EndToEnd.Tests.Support;

/// <summary>Kills the host's process before and after each step of an access, and fails each step; nothing is left.</summary>
public sealed class KillEachSupportStepTests
{
    [Fact]
    public async Task An_access_that_is_killed_at_any_step_is_given_and_taken_back_by_a_host_that_comes_after()
    {
        await using var world = await SupportWorld.CreateAsync();
        foreach (var step in Steps.OfSupportAccess)
        {
            foreach (var boundary in new[] { $"before:{step}", $"after:{step}" })
            {
                await KillAsync(world, boundary, isAtTheEnd: step is "support.remove_account" or "support.end");
            }
        }
    }

    [Fact]
    public async Task Each_step_that_fails_leaves_no_account()
    {
        await using var world = await SupportWorld.CreateAsync();
        foreach (var (step, after) in Steps.OfSupportAccess.Take(3).SelectMany(s => new[] { (s, false), (s, true) }))
        {
            await using var host = await InProcessHost.StartAsync(world.Installation, new FailureAt(step, after) { Times = 1 });

            var access = await world.RequestAsync(host.Api);
            var end = await host.Api.EndOfAsync(SupportWorld.JobOf(access));

            Assert.Equal((step, "failed"), (step, (string?)end["state"]));
            Assert.Contains($"{step} fails, as the test wants", (string?)end["reason"], StringComparison.Ordinal);
            Assert.Equal("failed", (string?)(await host.Api.GetAsync(world.PathOf(access)))["state"]);
            await world.AssertNothingIsLeftAsync();
        }
    }

    [Fact]
    public async Task A_removal_that_fails_is_done_again_until_it_is_done()
    {
        await using var world = await SupportWorld.CreateAsync();
        var fails = new FailureAt("support.remove_account", afterTheEffect: false);
        await using var host = await InProcessHost.StartAsync(world.Installation, fails);
        var access = await world.OpenAsync(host.Api);
        await world.RevokeAsync(host.Api, access);
        await world.BecomesAsync(host.Api, access, "ending");

        fails.IsOn = false;
        var end = await host.Api.EndOfAsync(SupportWorld.JobOf(access));

        Assert.Equal("succeeded", (string?)end["state"]);
        await world.AssertNothingIsLeftAsync();
    }

    private static async Task KillAsync(SupportWorld world, string boundary, bool isAtTheEnd)
    {
        System.Text.Json.Nodes.JsonObject access;
        await using (var doomed = await KillableHost.StartAsync(world.Installation, boundary))
        {
            access = await world.RequestAsync(doomed.Api);
            if (isAtTheEnd)
            {
                await world.BecomesAsync(doomed.Api, access, "open");
                await world.RevokeAsync(doomed.Api, access);
            }

            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(world.Installation);
        if (!isAtTheEnd)
        {
            await world.BecomesAsync(host.Api, access, "open");
            Assert.True(await world.CanSignInAsync(await world.CredentialsAsync(host.Api, access)), boundary);
            await world.RevokeAsync(host.Api, access);
        }

        var end = await host.Api.EndOfAsync(SupportWorld.JobOf(access));
        Assert.True((string?)end["state"] == "succeeded", $"{boundary}: {end}");
        await world.AssertNothingIsLeftAsync();
    }
}
