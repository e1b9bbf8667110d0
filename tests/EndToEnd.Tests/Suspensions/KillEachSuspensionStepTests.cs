namespace Bibind.EndToEnd.Tests.Suspensions;

/// <summary>
/// Kills the host's process before and after the steps of a suspension and of a resume that are theirs alone, and on the way back of each; a host
/// started afterwards finishes by itself.
/// </summary>
public sealed class KillEachSuspensionStepTests
{
    [Fact]
    public async Task A_suspension_and_a_resume_that_are_killed_at_any_step_finish_by_themselves()
    {
        await using var world = await SuspensionWorld.CreateAsync();
        var suspending = Steps.OfSuspending.SelectMany(s => new[] { $"before:{s}", $"after:{s}" });
        string[] lifting =
        [
            "before:suspensions.begin_lift", "after:suspensions.begin_lift", "before:application.hand_over", "after:application.hand_over", "after:routing.publish",
            "after:application.smoke_test", "before:suspensions.end_lift", "after:suspensions.end_lift",
        ];
        foreach (var (suspend, lift) in suspending.Zip(lifting))
        {
            await KillAsync(world, suspend, world.SuspendAsync, "succeeded", world.AssertSuspendedAsync);
            await KillAsync(world, lift, world.ResumeAsync, "succeeded", world.AssertOpenAsync);
        }
    }

    [Fact]
    public async Task A_way_back_that_is_killed_finishes_by_itself()
    {
        await using var world = await SuspensionWorld.CreateAsync();
        foreach (var boundary in new[] { "after:suspensions.take_back", "after:application.hand_over", "before:suspensions.end" })
        {
            await KillAsync(world, boundary, world.SuspendAsync, "failed", world.AssertOpenAsync, failAt: "suspensions.shut_database");
        }

        await using (var host = await InProcessHost.StartAsync(world.Installation))
        {
            await world.SucceedsAsync(host.Api, await world.SuspendAsync(host.Api));
        }

        foreach (var boundary in new[] { "before:suspensions.keep", "after:suspensions.keep", "before:suspensions.shut_database" })
        {
            await KillAsync(world, boundary, world.ResumeAsync, "failed", world.AssertSuspendedAsync, failAt: "application.smoke_test");
        }
    }

    private static async Task KillAsync(
        SuspensionWorld world, string boundary, Func<Api, Task<string>> order, string outcome, Func<Api, Task> assert, string? failAt = null)
    {
        string job;
        await using (var doomed = await KillableHost.StartAsync(world.Installation, boundary, failAt))
        {
            job = await order(doomed.Api);
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(world.Installation, failAt is null ? null : new FailureAt(failAt, afterTheEffect: false));
        var end = await host.Api.EndOfAsync(job);
        Assert.True((string?)end["state"] == outcome, $"{boundary}: {end}");
        await assert(host.Api);
    }
}
