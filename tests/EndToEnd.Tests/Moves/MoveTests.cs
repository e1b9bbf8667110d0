using System.Net;
using System.Text.Json.Nodes;
using Bibind.Testing;
using Npgsql;

namespace Bibind.EndToEnd.Tests.Moves;

/// <summary>A tenant moves to another server with a PostgreSQL of its own, or stays what it was where it was.</summary>
public sealed class MoveTests
{
    /// <summary>Each step of a move but its end after its effect, and those that are a move's alone before it too.</summary>
    public static TheoryData<string, bool> Failures
    {
        get
        {
            var failures = new TheoryData<string, bool>();
            foreach (var step in Steps.OfMoving.Where(s => s is not ("moves.end" or "backup.delete_one")))
            {
                failures.Add(step, true);
                if (step.StartsWith("moves.", StringComparison.Ordinal))
                {
                    failures.Add(step, false);
                }
            }

            return failures;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_tenant_moves_with_all_it_has_and_its_copy_goes_when_the_move_is_confirmed(bool sharesFiles)
    {
        await using var world = await MoveWorld.CreateAsync(sharesFiles);
        await using var host = await InProcessHost.StartAsync(world.Installation);

        var end = await host.Api.EndOfAsync(await world.MoveAsync(host.Api));

        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        Assert.Equal(Steps.OfMoving.Distinct().Order(), end["steps"]!.AsArray().Select(s => (string)s!["name"]!).Distinct().Order());
        Assert.Equal(("local", "second"), ((string?)end["result"]!["from"], (string?)end["result"]!["to"]));
        Assert.InRange((long)end["result"]!["outageMs"]!, 1, 60_000);
        await world.AssertOpenAsync(host.Api, "second", $"local/{world.Code}");

        // What was left is no tenant any more: the application does not see it, and nobody writes to it.
        await using (var old = world.Open("local"))
        {
            Assert.True(await TenantAssertions.ScalarAsync<bool>(old, "select datistemplate from pg_database where datname = current_database()"));
            Assert.Equal("on", await TenantAssertions.ScalarAsync<string>(old, "select current_setting('transaction_read_only')"));
        }

        var move = (await host.Api.GetAsync($"/api/moves?tenant={world.Code}"))["items"]!.AsArray().Single()!;
        Assert.Equal(("moved", "local"), ((string?)move["state"], (string?)move["copyOn"]));
        var removed = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/moves/{move["id"]}/confirm"));
        Assert.True((string?)removed["state"] == "succeeded", removed.ToString());
        Assert.All(removed["inventory"]!["items"]!.AsArray(), i => Assert.Equal("absent", (string?)i!["state"]));
        await world.AssertOpenAsync(host.Api, "second");
        Assert.Equal(sharesFiles, world.HasFile("local", "mine"));

        // Where it was no application answers: it stays.
        var back = await host.Api.EndOfAsync(await world.MoveAsync(host.Api, new JsonObject { ["server"] = "local" }));
        Assert.Equal("failed", (string?)back["state"]);
        Assert.Contains("was not asked for its login page", (string?)back["reason"], StringComparison.Ordinal);
        await world.AssertOpenAsync(host.Api, "second");
    }

    [Fact]
    public async Task A_suspended_tenant_moves_shut_and_opens_where_it_is_then()
    {
        await using var world = await MoveWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        await SucceedsAsync("suspend", new JsonObject { ["cause"] = "operator", ["reason"] = "test" });

        var end = await host.Api.EndOfAsync(await world.MoveAsync(host.Api));

        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        Assert.Equal(0, (long)end["result"]!["outageMs"]!);
        var tenant = await host.Api.GetAsync($"/api/tenants/{world.Code}");
        Assert.Equal(("suspended", "second"), ((string?)tenant["state"], (string?)tenant["server"]));
        foreach (var server in new[] { "local", "second" })
        {
            await using var database = world.Open(server);
            await Assert.ThrowsAsync<PostgresException>(async () => await database.OpenConnectionAsync());
        }

        await SucceedsAsync("resume", []);
        await world.AssertOpenAsync(host.Api, "second", $"local/{world.Code}");

        async Task SucceedsAsync(string what, JsonObject command)
        {
            var (_, job, body) = await host.Api.TryPostAsync($"/api/tenants/{world.Code}/{what}", command);
            Assert.True(job is not null, body.ToString());
            var ended = await host.Api.EndOfAsync(job);
            Assert.True((string?)ended["state"] == "succeeded", ended.ToString());
        }
    }

    [Fact]
    public async Task A_tenant_that_is_removed_takes_the_copy_of_its_move_with_it()
    {
        await using var world = await MoveWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        await host.Api.EndOfAsync(await world.MoveAsync(host.Api));

        var end = await host.Api.EndOfAsync(await host.Api.DestroyAsync(world.Code, finalBackup: false));

        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        await world.AssertGoneAsync();
    }

    [Fact]
    public async Task A_copy_whose_time_is_up_is_removed_by_itself()
    {
        await using var world = await MoveWorld.CreateAsync();
        world.Installation.Settings["Moves:KeepCopy"] = "00:00:00";
        world.Installation.SweepOften();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        await host.Api.EndOfAsync(await world.MoveAsync(host.Api));

        await Eventually.UntilAsync(
            async () => await world.Installation.CountAsync("select count(*) from control.tenant_moves where copy_server_id is not null") == 0,
            TimeSpan.FromSeconds(60), "the copy is removed");

        await world.AssertOpenAsync(host.Api, "second");
        Assert.False(world.HasFile("local", "mine"));
    }

    [Fact]
    public async Task A_dry_run_says_where_it_would_go_and_changes_nothing()
    {
        await using var world = await MoveWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);

        var (status, _, preview) = await host.Api.TryPostAsync(
            $"/api/tenants/{world.Code}/move", new JsonObject { ["dryRun"] = true, ["reason"] = "What if?" });

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(("local", "second", true), ((string?)preview["from"], (string?)preview["to"], (bool)preview["ready"]!));
        Assert.DoesNotContain(preview["checks"]!.AsArray(), c => (string?)c!["state"] == "failed");
        await world.AssertOpenAsync(host.Api, "local");
        Assert.Equal(0, await world.Installation.CountAsync("select count(*) from control.tenant_moves"));
    }

    [Fact]
    public async Task A_database_of_that_name_at_the_target_refuses_the_move_before_anything_is_touched()
    {
        await using var world = await MoveWorld.CreateAsync();
        await world.PlantAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);

        var end = await host.Api.EndOfAsync(await world.MoveAsync(host.Api));

        Assert.Equal("failed", (string?)end["state"]);
        Assert.Contains($"has a database '{world.Code}' already", (string?)end["reason"], StringComparison.Ordinal);
        Assert.Contains("Nothing was changed", (string?)end["reason"], StringComparison.Ordinal);
        Assert.DoesNotContain(end["steps"]!.AsArray(), s => (string?)s!["name"] is "routing.suspend" or "database.drop");
        Assert.Contains($"second/{world.Code}", await world.DatabasesAsync());
    }

    [Fact]
    public async Task A_session_that_cannot_be_ended_refuses_the_move_before_anything_is_touched()
    {
        await using var world = await MoveWorld.CreateAsync();
        await using var admin = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(world.Installation.SuperuserConnectionString) { Database = world.Code, Pooling = false }.ConnectionString);
        await admin.OpenAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);

        var end = await host.Api.EndOfAsync(await world.MoveAsync(host.Api));

        Assert.Equal("failed", (string?)end["state"]);
        Assert.Contains("sessions that we may not end: postgres", (string?)end["reason"], StringComparison.Ordinal);
        Assert.Contains("Nothing was changed", (string?)end["reason"], StringComparison.Ordinal);
        await world.AssertOpenAsync(host.Api, "local");
    }

    [Fact]
    public async Task An_application_that_does_not_answer_there_leaves_the_tenant_where_it_was()
    {
        await using var world = await MoveWorld.CreateAsync();
        world.ApplicationAnswers = false;
        await using var host = await InProcessHost.StartAsync(world.Installation);

        var end = await host.Api.EndOfAsync(await world.MoveAsync(host.Api));

        Assert.Equal("failed", (string?)end["state"]);
        Assert.Contains("answers 503", (string?)end["reason"], StringComparison.Ordinal);
        await world.AssertOpenAsync(host.Api, "local");
        Assert.False(world.HasFile("second", "mine"));
    }

    [Fact]
    public async Task Two_moves_of_one_tenant_at_once_are_one()
    {
        await using var world = await MoveWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);

        var orders = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => host.Api.TryPostAsync(
            $"/api/tenants/{world.Code}/move", new JsonObject { ["server"] = "second", ["reason"] = "One of five." })));

        var accepted = Assert.Single(orders, o => o.Status == HttpStatusCode.Accepted);
        Assert.All(orders.Where(o => o != accepted), o => Assert.Equal(HttpStatusCode.Conflict, o.Status));
        Assert.Equal("succeeded", (string?)(await host.Api.EndOfAsync(accepted.Job!))["state"]);
        await world.AssertOpenAsync(host.Api, "second", $"local/{world.Code}");
    }

    [Fact]
    public async Task A_move_for_later_waits_and_can_be_called_off()
    {
        await using var world = await MoveWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        var soon = await world.MoveAsync(host.Api, new JsonObject { ["startAt"] = DateTimeOffset.UtcNow.AddHours(1).ToString("O") });
        var move = (await host.Api.GetAsync($"/api/moves?tenant={world.Code}&state=scheduled"))["items"]!.AsArray().Single()!;

        // Nothing is in the way of other jobs until it begins.
        Assert.Equal("active", (string?)(await host.Api.GetAsync($"/api/tenants/{world.Code}"))["state"]);
        var (status, _, cancelled) = await host.Api.TryPostAsync($"/api/moves/{move["id"]}/cancel", []);

        Assert.True(status == HttpStatusCode.OK, cancelled.ToString());
        Assert.Equal("cancelled", (string?)cancelled["state"]);
        Assert.Equal("cancelled", (string?)(await host.Api.GetAsync(soon))["state"]);

        var at = await world.MoveAsync(host.Api, new JsonObject { ["startAt"] = DateTimeOffset.UtcNow.AddSeconds(2).ToString("O") });
        Assert.Equal("succeeded", (string?)(await host.Api.EndOfAsync(at))["state"]);
    }

    [Fact]
    public async Task A_server_that_is_drained_is_emptied_and_forgotten()
    {
        await using var world = await MoveWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        var (refused, _, _) = await host.Api.TryPostAsync("/api/servers/local/moves", []);
        Assert.Equal(HttpStatusCode.Conflict, refused);
        await host.Api.TryPostAsync("/api/servers/local/drain", new JsonObject { ["reason"] = "It goes." });

        var (status, job, body) = await host.Api.TryPostAsync("/api/servers/local/moves", new JsonObject { ["atOnce"] = 1 });

        Assert.True(status == HttpStatusCode.Accepted, body.ToString());
        var end = await host.Api.EndOfAsync(job!, seconds: 120);
        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        await world.AssertOpenAsync(host.Api, "second", $"local/{world.Code}");
    }

    [Fact]
    public async Task A_server_that_cannot_be_emptied_says_why()
    {
        await using var world = await MoveWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        await host.Api.TryPostAsync("/api/servers/second/maintenance", new JsonObject { ["reason"] = "Being repaired." });
        await host.Api.TryPostAsync("/api/servers/local/drain", new JsonObject { ["reason"] = "It goes." });

        var (_, job, _) = await host.Api.TryPostAsync("/api/servers/local/moves", []);
        var end = await host.Api.EndOfAsync(job!);

        Assert.Equal("failed", (string?)end["state"]);
        Assert.Contains("1 tenant left on the server", (string?)end["reason"], StringComparison.Ordinal);
        Assert.Contains("second is maintenance", (string?)end["reason"], StringComparison.Ordinal);
        await world.AssertOpenAsync(host.Api, "local");
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task A_step_that_fails_for_good_leaves_the_tenant_open_where_it_was(string step, bool afterTheEffect)
    {
        await using var world = await MoveWorld.CreateAsync();

        // The way back needs some of the steps too: they fail once.
        await using var host = await InProcessHost.StartAsync(world.Installation, new FailureAt(step, afterTheEffect) { Times = 1 });

        var end = await host.Api.EndOfAsync(await world.MoveAsync(host.Api));

        Assert.Equal("failed", (string?)end["state"]);
        Assert.StartsWith($"{step} fails, as the test wants", (string?)end["reason"], StringComparison.Ordinal);
        await world.AssertOpenAsync(host.Api, "local");
        Assert.False(world.HasFile("second", "mine"));
    }

    [Fact]
    public async Task A_way_back_that_fails_is_gone_again_until_the_tenant_is_open()
    {
        await using var world = await MoveWorld.CreateAsync();

        // Once on the way there, and once on the way back.
        await using var host = await InProcessHost.StartAsync(world.Installation, new FailureAt("application.hand_over", afterTheEffect: false) { Times = 2 });

        var end = await host.Api.EndOfAsync(await world.MoveAsync(host.Api));

        Assert.Equal("failed", (string?)end["state"]);
        await world.AssertOpenAsync(host.Api, "local");
    }

    [Fact]
    public async Task A_move_that_was_ended_from_outside_is_undone_by_the_sweep()
    {
        await using var world = await MoveWorld.CreateAsync();
        world.Installation.SweepOften();
        var atStep = new StopsAt("moves.switch");
        await using var host = await InProcessHost.StartAsync(world.Installation, atStep);
        var job = await world.MoveAsync(host.Api);
        await atStep.Reached;

        await host.TerminateAsync(job);
        await world.UndoneAsync(host.Api);

        // The step that was under way comes too late for anything.
        atStep.Release();
        Assert.Contains("ended from outside", (string?)(await host.Api.GetAsync(job))["reason"], StringComparison.Ordinal);
        await world.AssertOpenAsync(host.Api, "local");
    }

    [Fact]
    public async Task An_undoing_that_cannot_even_look_leaves_no_tenant_closed()
    {
        await using var world = await MoveWorld.CreateAsync();
        await using (var host = await InProcessHost.StartAsync(world.Installation, new StopsAt("moves.compare")))
        {
            var job = await world.MoveAsync(host.Api);
            await Eventually.UntilAsync(
                async () => (await host.Api.GetAsync(job))["steps"]!.AsArray().Any(s => (string?)s!["name"] == "moves.compare"), TimeSpan.FromSeconds(60), "the tenant is closed");
            await host.TerminateAsync(job);
        }

        world.Installation.SweepOften();
        await using var healthy = await InProcessHost.StartAsync(world.Installation, new FailureAt("moves.begin", afterTheEffect: false) { Times = 1 });
        await world.UndoneAsync(healthy.Api);

        await world.AssertOpenAsync(healthy.Api, "local");
    }
}
