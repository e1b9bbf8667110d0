using System.Net;
using System.Text.Json.Nodes;
using Bibind.ControlPlane.Suspensions;
using Bibind.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Bibind.EndToEnd.Tests.Suspensions;

/// <summary>Suspending and opening a tenant, what else goes on meanwhile, and what becomes of steps that fail.</summary>
public sealed class SuspendTenantTests
{
    [Fact]
    public async Task A_suspended_tenant_is_closed_backed_up_restored_and_moved_by_nothing_and_opens_again()
    {
        await using var world = await SuspensionWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);

        var end = await world.SucceedsAsync(host.Api, await world.SuspendAsync(host.Api, "payment"));
        Assert.Equal(Steps.OfSuspending.Order(), end["steps"]!.AsArray().Select(s => (string)s!["name"]!).Order());
        await world.AssertSuspendedAsync(host.Api);
        var suspension = (await host.Api.GetAsync($"/api/tenants/{world.Code}"))["suspension"]!;
        Assert.Equal(("payment", "as the test wants"), ((string?)suspension["cause"], (string?)suspension["reason"]));

        // Our own work goes on, and leaves it shut.
        var backup = await world.SucceedsAsync(host.Api, await host.Api.PostAsync($"/api/tenants/{world.Code}/backups"));
        await world.AssertSuspendedAsync(host.Api);
        await world.SucceedsAsync(host.Api, await host.Api.PostAsync($"/api/backups/{backup["result"]!["backupId"]}/restore"));
        await world.AssertSuspendedAsync(host.Api);
        await world.SucceedsAsync(host.Api, await host.Api.PostAsync($"/api/backups/{backup["result"]!["backupId"]}/verify"));
        await world.SucceedsAsync(host.Api, await world.OrderAsync(host.Api, "change-plan", new() { ["plan"] = "pro", ["reason"] = "upsell" }));
        await world.AssertSuspendedAsync(host.Api);
        Assert.Equal("pro", (string?)(await host.Api.GetAsync($"/api/tenants/{world.Code}"))["plan"]);

        // What needs an open tenant is refused.
        foreach (var (path, command, kind) in new (string, JsonObject, string)[]
        {
            ("suspend", new() { ["cause"] = "operator", ["reason"] = "again" }, "already-suspended"),
            ("modules", new() { ["activate"] = new JsonArray("contacts") }, "tenant-not-active"),
            ("credentials/reset", [], "tenant-not-active"),
            ("upgrade", new() { ["version"] = "19.1", ["kind"] = "sql", ["statements"] = new JsonArray("select 1"), ["reason"] = "test" }, "upgrade-state"),
        })
        {
            var (status, _, problem) = await host.Api.TryPostAsync($"/api/tenants/{world.Code}/{path}", command);
            Assert.True(status == HttpStatusCode.Conflict, $"{path}: {problem}");
            Assert.EndsWith(kind, (string?)problem["type"], StringComparison.Ordinal);
        }

        end = await world.SucceedsAsync(host.Api, await world.ResumeAsync(host.Api));
        Assert.Equal(Steps.OfLifting.Order(), end["steps"]!.AsArray().Select(s => (string)s!["name"]!).Order());
        Assert.Contains(end["notes"]!.AsArray(), n => ((string)n!).Contains("paid", StringComparison.Ordinal));
        await world.AssertOpenAsync(host.Api);
        Assert.Equal(1, await world.Installation.CountAsync("select count(*) from control.notices where kind = 'suspended' and data ->> 'reason' = 'A bill is not paid.'"));
        Assert.Equal(1, await world.Installation.CountAsync("select count(*) from control.notices where kind = 'resumed'"));
        var (again, _, refused) = await host.Api.TryPostAsync($"/api/tenants/{world.Code}/resume", []);
        Assert.Equal((HttpStatusCode.Conflict, "/problems/not-suspended"), (again, (string?)refused["type"]));

        await world.SucceedsAsync(host.Api, await world.SuspendAsync(host.Api));
        await world.SucceedsAsync(host.Api, await host.Api.DestroyAsync(world.Code, finalBackup: true));
        Assert.Empty(await world.Installation.DatabasesAsync());
        Assert.Equal(0, await world.Installation.CountAsync("select count(*) from control.tenant_suspensions"));
    }

    [Fact]
    public async Task Each_step_of_a_suspension_that_fails_leaves_the_tenant_open()
    {
        await using var world = await SuspensionWorld.CreateAsync();
        foreach (var (step, after) in Steps.OfSuspending.Where(s => s != "suspensions.end").SelectMany(s => new[] { (s, false), (s, true) }))
        {
            await using var host = await InProcessHost.StartAsync(world.Installation, new FailureAt(step, after) { Times = 1 });

            var end = await host.Api.EndOfAsync(await world.SuspendAsync(host.Api));

            Assert.Equal((step, "failed"), (step, (string?)end["state"]));
            Assert.Contains($"{step} fails, as the test wants. The tenant is open as it was before.", (string?)end["reason"], StringComparison.Ordinal);
            await world.AssertOpenAsync(host.Api);
        }
    }

    [Fact]
    public async Task A_suspension_that_can_be_neither_done_nor_undone_leaves_the_tenant_suspended_and_says_so()
    {
        await using var world = await SuspensionWorld.CreateAsync();
        var job = string.Empty;
        await using (var host = await InProcessHost.StartAsync(world.Installation, new FailuresAt("suspensions.shut_database", "application.hand_over")))
        {
            var end = await host.Api.EndOfAsync(await world.SuspendAsync(host.Api));
            Assert.Equal("failed", (string?)end["state"]);
            Assert.Contains("It is suspended all the same", (string?)end["reason"], StringComparison.Ordinal);
            Assert.Equal("suspended", (string?)(await host.Api.GetAsync($"/api/tenants/{world.Code}"))["state"]);
        }

        await using var healthy = await InProcessHost.StartAsync(world.Installation);
        await world.SucceedsAsync(healthy.Api, await world.ResumeAsync(healthy.Api));
        await world.AssertOpenAsync(healthy.Api);
    }

    [Fact]
    public async Task Each_step_of_a_resume_that_fails_leaves_the_tenant_suspended_with_the_reason()
    {
        await using var world = await SuspensionWorld.CreateAsync();
        await using (var first = await InProcessHost.StartAsync(world.Installation))
        {
            await world.SucceedsAsync(first.Api, await world.SuspendAsync(first.Api));
        }

        foreach (var (step, after) in Steps.OfLifting.Where(s => s != "suspensions.end_lift").SelectMany(s => new[] { (s, false), (s, true) }))
        {
            await using var host = await InProcessHost.StartAsync(world.Installation, new FailureAt(step, after) { Times = 1 });

            var end = await host.Api.EndOfAsync(await world.ResumeAsync(host.Api));

            Assert.Equal((step, "failed"), (step, (string?)end["state"]));
            Assert.Contains("The tenant is still suspended.", (string?)end["reason"], StringComparison.Ordinal);
            await world.AssertSuspendedAsync(host.Api);
            Assert.Equal((string?)end["reason"], (string?)(await host.Api.GetAsync($"/api/tenants/{world.Code}"))["reason"]);
        }

        await using var last = await InProcessHost.StartAsync(world.Installation);
        await world.SucceedsAsync(last.Api, await world.ResumeAsync(last.Api));
        await world.AssertOpenAsync(last.Api);
    }

    [Fact]
    public async Task What_is_opened_by_hand_or_left_by_a_job_that_was_ended_is_shut_by_the_sweep()
    {
        await using var world = await SuspensionWorld.CreateAsync();
        await using (var stopped = await InProcessHost.StartAsync(world.Installation, new StopsAt("suspensions.shut_database")))
        {
            var job = await world.SuspendAsync(stopped.Api);
            await stopped.TerminateAsync(job);
            await stopped.Api.EndOfAsync(job);
        }

        world.Installation.SweepOften();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        await Eventually.UntilAsync(async () => !await world.MayEnterAsync(), TimeSpan.FromSeconds(60), "the sweep shuts the database");
        await world.AssertSuspendedAsync(host.Api);

        await using (var superuser = Npgsql.NpgsqlDataSource.Create(world.Installation.SuperuserConnectionString))
        await using (var open = superuser.CreateCommand($"alter database {world.Code} allow_connections true; alter database {world.Code} owner to odoo"))
        {
            await open.ExecuteNonQueryAsync();
        }

        await Eventually.UntilAsync(async () => !await world.MayEnterAsync(), TimeSpan.FromSeconds(60), "the sweep shuts the database again");
        Assert.NotNull(await host.Services.GetRequiredService<ISuspensions>().FindAsync(
            await world.Installation.CountAsync("select id from control.tenants where code = $1", world.Code), CancellationToken.None));
        await world.SucceedsAsync(host.Api, await world.ResumeAsync(host.Api));
        await world.AssertOpenAsync(host.Api);
    }
}
