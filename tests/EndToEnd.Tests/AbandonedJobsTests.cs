using Bibind.EndToEnd.Tests.Modules;
using Bibind.EndToEnd.Tests.Suspensions;
using Bibind.Testing;

namespace Bibind.EndToEnd.Tests;

/// <summary>Jobs whose orchestration somebody ends at the task hub: what they did is undone, and the tenant is nobody's hostage.</summary>
public sealed class AbandonedJobsTests
{
    [Theory]
    [InlineData("modules.look", false)]
    [InlineData("backup.take", false)]
    [InlineData("modules.verify", true)]
    [InlineData("modules.end", true)]
    public async Task A_change_of_modules_that_was_ended_from_outside_is_undone(string step, bool isBroughtBack)
    {
        await using var world = await ModulesWorld.CreateAsync();
        world.Installation.SweepOften();
        var atStep = new StopsAt(step);
        await using var host = await InProcessHost.StartAsync(world.Installation, atStep);
        var job = await world.ActivateAsync(host.Api, "contacts");
        await atStep.Reached;

        await host.TerminateAsync(job);
        var reason = await ReasonOfAsync(world.Installation, job);

        // The step that was under way comes too late for anything.
        atStep.Release();
        Assert.Contains("ended from outside", reason, StringComparison.Ordinal);
        Assert.Equal(isBroughtBack, reason.Contains("brought back from backup", StringComparison.Ordinal));
        await world.AssertOpenAsync(host.Api);
    }

    [Theory]
    [InlineData("backup.take")]
    [InlineData("backup.restore")]
    [InlineData("application.hand_over")]
    [InlineData("backup_jobs.end_restore")]
    public async Task A_restore_that_was_ended_from_outside_is_undone(string step)
    {
        await using var tenant = await BackedUpTenant.CreateAsync();
        tenant.Installation.SweepOften();
        var atStep = new StopsAt(step);
        await using var host = await InProcessHost.StartAsync(tenant.Installation, atStep);
        var job = await host.Api.PostAsync($"/api/backups/{tenant.BackupId}/restore");
        await atStep.Reached;

        await host.TerminateAsync(job);
        var reason = await ReasonOfAsync(tenant.Installation, job);

        atStep.Release();
        Assert.Contains("ended from outside", reason, StringComparison.Ordinal);
        await tenant.AssertActiveAsync(host.Api, "after");
    }

    [Fact]
    public async Task A_backup_that_was_ended_from_outside_is_closed_and_the_next_one_is_taken()
    {
        await using var tenant = await BackedUpTenant.CreateAsync();
        tenant.Installation.SweepOften();
        var atStep = new StopsAt("backup.take");
        await using var host = await InProcessHost.StartAsync(tenant.Installation, atStep);
        var job = await host.Api.PostAsync($"/api/tenants/{tenant.Code}/backups");
        await atStep.Reached;

        await host.TerminateAsync(job);
        Assert.Contains("ended from outside", await ReasonOfAsync(tenant.Installation, job), StringComparison.Ordinal);
        atStep.Release();

        var next = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/tenants/{tenant.Code}/backups"));
        Assert.True((string?)next["state"] == "succeeded", next.ToString());
    }

    [Fact]
    public async Task A_change_of_plan_that_was_ended_from_outside_is_closed_and_keeps_nobody_out()
    {
        await using var world = await SuspensionWorld.CreateAsync();
        world.Installation.SweepOften();
        var atStep = new StopsAt("plans.end_change");
        await using var host = await InProcessHost.StartAsync(world.Installation, atStep);
        var job = await world.OrderAsync(host.Api, "change-plan", new() { ["plan"] = "pro", ["reason"] = "upsell" });
        await atStep.Reached;

        await host.TerminateAsync(job);
        Assert.Contains("has the plan", await ReasonOfAsync(world.Installation, job), StringComparison.Ordinal);
        atStep.Release();

        await world.SucceedsAsync(host.Api, await world.SuspendAsync(host.Api));
        Assert.Equal("pro", (string?)(await host.Api.GetAsync($"/api/tenants/{world.Code}"))["plan"]);
    }

    private static async Task<string> ReasonOfAsync(Installation installation, string job)
    {
        var id = job[(job.LastIndexOf('/') + 1)..];
        await Eventually.UntilAsync(
            async () => await installation.CountAsync($"select count(*) from control.jobs where id = '{id}' and finished_at is not null") == 1,
            TimeSpan.FromSeconds(60), "the job is closed");
        return await TenantAssertions.ScalarAsync<string>(installation.Control, $"select coalesce(reason, '') from control.jobs where id = '{id}'");
    }
}
