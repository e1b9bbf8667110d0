using System.Text.Json.Nodes;

namespace Bibind.EndToEnd.Tests.TenantUpgrades;

/// <summary>Each step of an upgrade fails in turn, and what the tenant planted in its database is in the way: it stays open as it was.</summary>
public sealed class FailEachUpgradeStepTests(UpgradeWorld world) : IClassFixture<UpgradeWorld>
{
    // Step, which time, and what becomes of the upgrade. Those that only clear away or end it are elsewhere.
    public static TheoryData<string, int, bool, string> Failures
    {
        get
        {
            var failures = new TheoryData<string, int, bool, string>();
            foreach (var (step, time, outcome) in new[]
            {
                ("upgrades.begin", 1, "refused"), ("upgrades.check", 1, "refused"), ("backup.take", 1, "rehearsal-failed"), ("upgrades.make_copy", 1, "rehearsal-failed"),
                ("filestore.copy", 1, "rehearsal-failed"), ("upgrades.neutralise", 1, "rehearsal-failed"), ("upgrades.apply", 1, "rehearsal-failed"),
                ("application.hand_over", 1, "rehearsal-failed"), ("application.smoke_test", 1, "rehearsal-failed"), ("routing.suspend", 1, "rolled-back"),
                ("moves.freeze", 1, "rolled-back"), ("backup.take", 2, "rolled-back"), ("upgrades.apply", 2, "rolled-back"), ("moves.unfreeze", 1, "rolled-back"),
                ("application.hand_over", 2, "rolled-back"), ("application.smoke_test", 2, "rolled-back"), ("upgrades.pass", 1, "rolled-back"),
            })
            {
                failures.Add(step, time, false, outcome);
                failures.Add(step, time, true, outcome);
            }

            failures.Add("upgrades.close", 1, false, "refused");
            return failures;
        }
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task A_step_that_fails_leaves_the_tenant_open_as_it_was(string step, int time, bool afterTheEffect, string outcome)
    {
        await using var host = await InProcessHost.StartAsync(world.Installation, new FailsAt(step, time, afterTheEffect));

        var end = await host.Api.EndOfAsync(await world.UpgradeAsync(host.Api));

        Assert.Equal("failed", (string?)end["state"]);
        Assert.True(outcome == (string?)end["result"]!["outcome"], end.ToString());
        Assert.Contains(outcome is "rolled-back" ? "open as it was before" : "was not touched", (string?)end["reason"], StringComparison.Ordinal);
        Assert.Contains("as the test wants", (string?)end["reason"], StringComparison.Ordinal);
        await world.AssertOpenAsync(host.Api, hasRelease: false, version: null);
    }

    [Fact]
    public async Task A_way_back_whose_first_attempt_fails_is_gone_again()
    {
        await using var host = await InProcessHost.StartAsync(world.Installation, new BothFail());

        var end = await host.Api.EndOfAsync(await world.UpgradeAsync(host.Api));

        Assert.Equal("rolled-back", (string?)end["result"]!["outcome"]);
        await world.AssertOpenAsync(host.Api, hasRelease: false, version: null);
    }

    [Fact]
    public async Task An_application_that_does_not_open_the_copy_fails_the_rehearsal()
    {
        world.ApplicationAnswers = false;
        try
        {
            await using var host = await InProcessHost.StartAsync(world.Installation);
            var end = await host.Api.EndOfAsync(await world.UpgradeAsync(host.Api));
            Assert.Equal("rehearsal-failed", (string?)end["result"]!["outcome"]);
            Assert.Contains("answers 503", (string?)end["reason"], StringComparison.Ordinal);
            await world.AssertOpenAsync(host.Api, hasRelease: false, version: null);
        }
        finally
        {
            world.ApplicationAnswers = true;
        }
    }

    [Theory]
    [InlineData("alter table public.no_such_table add column x int", "Statement 2 of 2 was refused")]
    [InlineData("do $do$ begin commit; end $do$", "Statement 2 of 2 was refused")]
    [InlineData("select pg_sleep(0); commit; begin", "Statement 2 of 2 ended the transaction")]
    [InlineData("alter role postgres password 'mine'", "Statement 2 of 2 was refused")]
    [InlineData("update public.ir_cron set active = true", "crons that run")]
    public async Task Statements_that_fail_are_found_on_the_copy(string sql, string words)
    {
        await using var host = await InProcessHost.StartAsync(world.Installation);

        var end = await host.Api.EndOfAsync(await world.UpgradeAsync(host.Api, UpgradeWorld.Statements(UpgradeWorld.Statement, sql)));

        Assert.Equal("rehearsal-failed", (string?)end["result"]!["outcome"]);
        Assert.Contains(words, (string?)end["reason"], StringComparison.Ordinal);
        await world.AssertOpenAsync(host.Api, hasRelease: false, version: null);
    }

    [Fact]
    public async Task A_trigger_that_keeps_crons_running_keeps_the_copy_from_the_application()
    {
        await world.ExecuteAsync(
            """
            set role odoo;
            create function public.keep() returns trigger language plpgsql as $f$ begin return null; end $f$;
            create trigger keep before update on public.ir_cron for each row execute function public.keep()
            """);
        try
        {
            await using var host = await InProcessHost.StartAsync(world.Installation);
            var end = await host.Api.EndOfAsync(await world.UpgradeAsync(host.Api));
            Assert.Equal("rehearsal-failed", (string?)end["result"]!["outcome"]);
            Assert.Contains("cannot be neutralised: it still has crons that run", (string?)end["reason"], StringComparison.Ordinal);
            Assert.DoesNotContain(end["steps"]!.AsArray(), s => (string?)s!["name"] is "application.hand_over" or "routing.suspend");
            await world.AssertOpenAsync(host.Api, hasRelease: false, version: null);
        }
        finally
        {
            await world.ExecuteAsync("drop function public.keep() cascade");
        }
    }

    [Fact]
    public async Task Statements_that_do_not_end_are_stopped_though_they_do_not_want_to()
    {
        const string Stubborn = "do $do$ begin loop begin perform pg_sleep(600); exception when query_canceled then null; end; end loop; end $do$";
        await using var host = await InProcessHost.StartAsync(world.Installation);
        var with = UpgradeWorld.Statements(UpgradeWorld.Statement, Stubborn);
        with["limitMinutes"] = 1;

        var end = await host.Api.EndOfAsync(await world.UpgradeAsync(host.Api, with), seconds: 150);

        Assert.Equal("rehearsal-failed", (string?)end["result"]!["outcome"]);
        Assert.Contains("did not end within 00:01:00 (limitMinutes) and were stopped", (string?)end["reason"], StringComparison.Ordinal);
        await world.AssertOpenAsync(host.Api, hasRelease: false, version: null);
    }

    [Fact]
    public async Task What_a_tenant_planted_runs_with_the_rights_of_the_tenant_alone()
    {
        // As whom it ran, and what it could become: written where the statement that fires it is rolled into the release.
        await world.ExecuteAsync(
            """
            set role odoo;
            create table public.spied (who text, session text, super text);
            create function public.spy() returns trigger language plpgsql as $f$
              begin
                insert into public.spied select current_user, session_user, (select rolsuper or rolcreaterole from pg_roles where rolname = session_user)::text;
                begin set session authorization postgres; insert into public.spied values ('became', 'postgres', 'true'); exception when others then null; end;
                return new;
              end $f$;
            create function public.txid_current() returns bigint language sql as 'select 1::bigint';
            create trigger spy before update on public.res_partner for each row execute function public.spy();
            insert into public.res_partner (name) select 'Anna' where not exists (select from public.res_partner)
            """);
        try
        {
            await using var host = await InProcessHost.StartAsync(world.Installation);
            var end = await host.Api.EndOfAsync(await world.UpgradeAsync(host.Api, UpgradeWorld.Statements("update public.res_partner set name = name")));
            Assert.True((string?)end["result"]!["outcome"] == "upgraded", end.ToString());
            await using var database = world.Installation.OpenTenant(world.Code);
            Assert.Equal("odoo odoo false", await TenantAssertions.ScalarAsync<string>(database, "select string_agg(distinct who || ' ' || session || ' ' || super, ',') from public.spied"));
            var (_, job, _) = await host.Api.TryPostAsync($"/api/tenants/{world.Code}/upgrade/rollback", new JsonObject { ["reason"] = "The next test." });
            await host.Api.EndOfAsync(job!);
            await world.Installation.ComesToRestAsync();
        }
        finally
        {
            await world.ExecuteAsync("drop function public.spy() cascade; drop table public.spied; drop function public.txid_current()");
            await using var command = world.Installation.Control.CreateCommand("delete from control.backups where kind = 'upgrade'; update control.tenant_upgrades set safety_backup_id = null, keep_until = null");
            await command.ExecuteNonQueryAsync();
        }
    }
}

/// <summary>An upgrade whose end fails, and the first attempt to bring back what was before.</summary>
internal sealed class BothFail : Bibind.Durable.Worker.WorkerInterceptor
{
    private readonly FailsAt _upgrade = new("upgrades.apply", 2, afterTheEffect: true);
    private readonly FailsAt _wayBack = new("backup.restore", 1, afterTheEffect: true);

    public override async ValueTask AfterActivityAsync(Bibind.Durable.Hubs.LeasedActivity activity, CancellationToken cancellationToken)
    {
        await _upgrade.AfterActivityAsync(activity, cancellationToken);
        await _wayBack.AfterActivityAsync(activity, cancellationToken);
    }
}
