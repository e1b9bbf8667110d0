using System.Net;
using System.Text.Json.Nodes;
using Bibind.Testing;

namespace Bibind.EndToEnd.Tests.TenantUpgrades;

/// <summary>A tenant gets a release, or stays what it was.</summary>
public sealed class TenantUpgradeTests
{
    [Fact]
    public async Task A_tenant_is_rehearsed_upgraded_and_can_be_taken_back_until_it_is_confirmed()
    {
        await using var world = await UpgradeWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);

        var rehearsed = await host.Api.EndOfAsync(await world.UpgradeAsync(host.Api, new JsonObject { ["dryRun"] = true }));

        Assert.True((string?)rehearsed["state"] == "succeeded", rehearsed.ToString());
        Assert.Equal("rehearsed", (string?)rehearsed["result"]!["outcome"]);
        Assert.All(rehearsed["inventory"]!["items"]!.AsArray(), i => Assert.Equal("absent", (string?)i!["state"]));
        await world.AssertOpenAsync(host.Api, hasRelease: false, version: null);

        var end = await host.Api.EndOfAsync(await world.UpgradeAsync(host.Api));

        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        Assert.Equal(Steps.OfUpgrading.Distinct().Order(), end["steps"]!.AsArray().Select(s => (string)s!["name"]!).Distinct().Order());
        Assert.Equal(("upgraded", "19.0-2"), ((string?)end["result"]!["outcome"], (string?)end["result"]!["version"]));
        Assert.InRange((long)end["result"]!["outageMs"]!, 1, 60_000);
        Assert.Equal(
            ["begin", "check", "rehearsal.copy", "rehearsal.neutralise", "rehearsal.upgrade", "rehearsal.smoke-test", "close", "freeze", "backup", "upgrade", "smoke-test"],
            end["result"]!["steps"]!.AsArray().Select(s => (string?)s!["name"]));
        await world.AssertOpenAsync(host.Api, hasRelease: true, version: "19.0-2", safetyBackups: 1);

        var (status, job, body) = await host.Api.TryPostAsync($"/api/tenants/{world.Code}/upgrade/rollback", new JsonObject { ["reason"] = "It is slower." });
        Assert.True(status == HttpStatusCode.Accepted, body.ToString());
        var back = await host.Api.EndOfAsync(job!);
        Assert.True((string?)back["state"] == "succeeded", back.ToString());
        await Eventually.UntilAsync(
            async () => (string?)(await host.Api.GetAsync($"/api/tenants/{world.Code}/upgrades"))["items"]![0]!["state"] == "taken-back", TimeSpan.FromSeconds(30), "it is recorded");
        await world.AssertOpenAsync(host.Api, hasRelease: false, version: null, safetyBackups: 1);
        (status, _, body) = await host.Api.TryPostAsync($"/api/tenants/{world.Code}/upgrade/rollback", new JsonObject { ["reason"] = "Once more." });
        Assert.True(status == HttpStatusCode.Conflict, body.ToString());
        Assert.Contains("was taken back already", (string?)body["detail"], StringComparison.Ordinal);

        // Again, and this time it stays: what it was before goes by itself.
        await host.Api.EndOfAsync(await world.UpgradeAsync(host.Api));
        (status, _, body) = await host.Api.TryPostAsync($"/api/tenants/{world.Code}/upgrade/confirm", []);
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        Assert.Equal("operator", (string?)body["confirmedBy"]);
        world.Installation.SweepOften();
        await using var sweeping = await InProcessHost.StartAsync(world.Installation);
        await Eventually.UntilAsync(
            async () => await world.Installation.CountAsync("select count(*) from control.backups where kind = 'upgrade'") == 0, TimeSpan.FromSeconds(60), "the backups are gone");
        var list = (await host.Api.GetAsync($"/api/tenants/{world.Code}/upgrades?pageSize=2"))["items"]!.AsArray();
        Assert.Equal(["upgraded", "taken-back"], list.Select(u => (string?)u!["state"]));
        Assert.All(list, u => Assert.Null(u!["safetyBackup"]));
    }

    [Fact]
    public async Task What_cannot_be_upgraded_now_is_refused_in_words()
    {
        await using var world = await UpgradeWorld.CreateAsync();
        var atStep = new StopsAt("upgrades.make_copy");
        await using var host = await InProcessHost.StartAsync(world.Installation, atStep);

        // The program is not at hand: nothing is begun.
        var missing = await host.Api.EndOfAsync(await world.UpgradeAsync(
            host.Api, new JsonObject { ["kind"] = "odoo-bin", ["modules"] = new JsonArray("base"), ["statements"] = null }));
        Assert.Equal(("failed", "refused"), ((string?)missing["state"], (string?)missing["result"]!["outcome"]));
        Assert.Contains("'no-such-odoo-bin' (Templates__OdooBin) was not found", (string?)missing["reason"], StringComparison.Ordinal);
        Assert.Contains("The tenant was not touched", (string?)missing["reason"], StringComparison.Ordinal);

        var orders = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => host.Api.TryPostAsync($"/api/tenants/{world.Code}/upgrade", UpgradeWorld.Command())));
        var accepted = Assert.Single(orders, o => o.Status == HttpStatusCode.Accepted);
        Assert.All(orders.Where(o => o != accepted), o => Assert.Contains("wait for its end", (string?)o.Body["detail"], StringComparison.Ordinal));
        await atStep.Reached;
        var (status, _, body) = await host.Api.TryPostAsync($"/api/tenants/{world.Code}/move", new JsonObject { ["reason"] = "Away." });
        Assert.True(status == HttpStatusCode.Conflict, body.ToString());
        atStep.Release();
        Assert.Equal("succeeded", (string?)(await host.Api.EndOfAsync(accepted.Job!))["state"]);

        await world.Installation.ComesToRestAsync();
        await using (var command = world.Installation.Control.CreateCommand("update control.tenants set state = 'suspended'"))
        {
            await command.ExecuteNonQueryAsync();
        }

        (status, _, body) = await host.Api.TryPostAsync($"/api/tenants/{world.Code}/upgrade", UpgradeWorld.Command());
        Assert.True(status == HttpStatusCode.Conflict, body.ToString());
        Assert.Contains("is suspended: only an active tenant is upgraded", (string?)body["detail"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_upgrade_waits_for_its_time_and_keeps_nobody_out_meanwhile()
    {
        await using var world = await UpgradeWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        var at = DateTimeOffset.UtcNow.AddSeconds(12);

        var job = await world.UpgradeAsync(host.Api, new JsonObject { ["notBefore"] = at.ToString("O") });
        await Eventually.UntilAsync(
            async () => (string?)(await host.Api.GetAsync($"/api/tenants/{world.Code}/upgrades"))["items"]![0]!["state"] == "waiting", TimeSpan.FromSeconds(30), "it waits");
        var backup = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/tenants/{world.Code}/backups"));

        Assert.Equal("succeeded", (string?)backup["state"]);
        Assert.Equal("succeeded", (string?)(await host.Api.EndOfAsync(job))["state"]);
        Assert.Equal(1, await world.Installation.CountAsync($"select count(*) from control.tenant_upgrades where passed_at >= '{at.UtcDateTime:O}'"));
        await world.AssertOpenAsync(host.Api, hasRelease: true, version: "19.0-2", safetyBackups: 1);
    }

    [Fact]
    public async Task An_upgrade_waits_for_the_tenants_own_window_unless_its_order_says_otherwise()
    {
        await using var world = await UpgradeWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        await using (var window = world.Installation.Control.CreateCommand(
            """
            update control.tenants set maintenance_window = jsonb_build_object(
              'from', to_char(timezone('UTC', now()) + interval '8 hours', 'HH24:MI:SS'), 'until', to_char(timezone('UTC', now()) + interval '9 hours', 'HH24:MI:SS'), 'timeZone', 'Etc/UTC')
            """))
        {
            await window.ExecuteNonQueryAsync();
        }

        await world.UpgradeAsync(host.Api);
        await Eventually.UntilAsync(
            async () => (string?)(await host.Api.GetAsync($"/api/tenants/{world.Code}/upgrades"))["items"]![0]!["state"] == "waiting", TimeSpan.FromSeconds(30), "it waits");
        var (status, _, cancelled) = await host.Api.TryPostAsync($"/api/tenants/{world.Code}/upgrade/cancel", []);
        Assert.True(status == HttpStatusCode.OK, cancelled.ToString());

        var end = await host.Api.EndOfAsync(await world.UpgradeAsync(host.Api, new JsonObject { ["atOnce"] = true }));

        Assert.True((string?)end["result"]?["outcome"] == "upgraded", end.ToString());
        Assert.Equal("19.0-2", (string?)(await host.Api.GetAsync($"/api/tenants/{world.Code}"))["release"]);
    }

    [Fact]
    public async Task An_upgrade_that_waits_is_called_off_and_another_follows()
    {
        await using var world = await UpgradeWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        var (status, _, none) = await host.Api.TryPostAsync($"/api/tenants/{world.Code}/upgrade/cancel", []);
        Assert.True(status == HttpStatusCode.Conflict, none.ToString());
        var job = await world.UpgradeAsync(host.Api, new JsonObject { ["notBefore"] = DateTimeOffset.UtcNow.AddSeconds(30).ToString("O") });
        await Eventually.UntilAsync(
            async () => (string?)(await host.Api.GetAsync($"/api/tenants/{world.Code}/upgrades"))["items"]![0]!["state"] == "waiting", TimeSpan.FromSeconds(30), "it waits");

        for (var time = 1; time <= 2; time++)
        {
            (status, _, var cancelled) = await host.Api.TryPostAsync($"/api/tenants/{world.Code}/upgrade/cancel", []);
            Assert.True(status == HttpStatusCode.OK && (string?)cancelled["state"] == "cancelled", cancelled.ToString());
        }

        var end = await host.Api.GetAsync(job);
        Assert.True((string?)end["state"] == "cancelled", end.ToString());
        Assert.Equal("active", (string?)(await host.Api.GetAsync($"/api/tenants/{world.Code}"))["state"]);
        var next = await host.Api.EndOfAsync(await world.UpgradeAsync(host.Api, new JsonObject { ["dryRun"] = true }));
        Assert.True((string?)next["result"]?["outcome"] == "rehearsed", next.ToString());

        // Its orchestration finds out when its time has come.
        await host.Tasks.WaitForInstanceCompletionAsync(job[(job.LastIndexOf('/') + 1)..]);
        await world.AssertOpenAsync(host.Api, hasRelease: false, version: null);
        Assert.Equal(1, await world.Installation.CountAsync("select count(*) from control.tenant_upgrades where state = 'cancelled'"));
    }

    [Fact]
    public async Task An_upgrade_that_was_ended_from_outside_is_undone_by_the_sweep()
    {
        await using var world = await UpgradeWorld.CreateAsync();
        world.Installation.SweepOften();
        var atStep = new StopsAt("upgrades.pass");
        await using var host = await InProcessHost.StartAsync(world.Installation, atStep);
        var job = await world.UpgradeAsync(host.Api);
        await atStep.Reached;

        await host.TerminateAsync(job);
        await Eventually.UntilAsync(
            async () => (string?)(await host.Api.GetAsync($"/api/tenants/{world.Code}/upgrades"))["items"]![0]!["state"] == "rolled-back", TimeSpan.FromSeconds(60), "it is undone");

        // The step that was under way comes too late for anything.
        atStep.Release();
        Assert.Contains("ended from outside", (string?)(await host.Api.GetAsync(job))["reason"], StringComparison.Ordinal);
        await world.AssertOpenAsync(host.Api, hasRelease: false, version: null);
    }
}
