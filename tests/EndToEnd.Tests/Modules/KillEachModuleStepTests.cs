namespace Bibind.EndToEnd.Tests.Modules;

/// <summary>Kills the host's process before and after the steps that are a change of modules' alone, and on its way back; a host started afterwards finishes by itself.</summary>
public sealed class KillEachModuleStepTests
{
    [Fact]
    public async Task A_change_that_is_killed_at_any_step_finishes_by_itself()
    {
        await using var world = await ModulesWorld.CreateAsync();
        var steps = new[] { "modules.look", "modules.apply", "modules.verify", "modules.end" };
        foreach (var boundary in steps.SelectMany(s => new[] { $"before:{s}", $"after:{s}" }).Append("after:routing.suspend").Append("after:backup.take"))
        {
            await KillAsync(world, boundary, "succeeded");
            await using var host = await InProcessHost.StartAsync(world.Installation);
            await world.AssertOpenAsync(host.Api, "contacts");
            var undone = await host.Api.EndOfAsync(await world.ChangeAsync(host.Api, new() { ["deactivate"] = new System.Text.Json.Nodes.JsonArray("contacts") }));
            Assert.True((string?)undone["state"] == "succeeded", undone.ToString());
            await world.AssertOpenAsync(host.Api);
        }
    }

    [Fact]
    public async Task A_way_back_that_is_killed_at_any_step_finishes_by_itself()
    {
        await using var world = await ModulesWorld.CreateAsync();
        world.Application.Mishap = Mishap.Refusal;
        foreach (var boundary in new[] { "before:backup.restore", "after:backup.restore", "after:application.hand_over", "before:modules.end", "after:modules.end" })
        {
            await KillAsync(world, boundary, "failed");
            await using var host = await InProcessHost.StartAsync(world.Installation);
            await world.AssertOpenAsync(host.Api);
        }
    }

    private static async Task KillAsync(ModulesWorld world, string boundary, string outcome)
    {
        string job;
        await using (var doomed = await KillableHost.StartAsync(world.Installation, boundary))
        {
            job = await world.ActivateAsync(doomed.Api, "contacts");
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(world.Installation);
        var end = await host.Api.EndOfAsync(job);
        Assert.True((string?)end["state"] == outcome, $"{boundary}: {end}");
    }
}
