using System.Net;
using System.Text.Json;
using Bibind.Contracts;
using Bibind.ControlPlane.Rollouts;
using Bibind.Functions.Tests.Hosting;
using Bibind.Testing;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary><c>/api/rollouts</c>: real waves of tenants whose upgrades end as their codes say.</summary>
public sealed class RolloutsTests(PostgresServer postgres) : IAsyncLifetime
{
    private const string Release = """{"version": "19.0-2", "kind": "sql", "statements": ["select 1"]}""";
    private readonly ApiHost _host = new(postgres) { More = ["--Rollouts:Interval=00:00:00.2", "--Worker:PollInterval=00:00:00.1"] };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _host.InitializeAsync();
        await _host.OrderTenantAsync("seed");
        await _host.ExecuteAsync("update control.jobs set finished_at = now(), outcome = 'failed'; update control.tenants set state = 'failed'");
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task All_waves_are_walked_through_and_the_report_tells_of_each_tenant()
    {
        await AddAsync("good-1", "good-2", "good-3", "good-4", "good-5", "busy-1");
        using var preview = await _host.SendAsync(HttpMethod.Post, "/api/rollouts", ApiHost.AdminToken, Order(""", "dryRun": true, "canaries": ["good-3"]"""));
        Assert.Equal(HttpStatusCode.OK, preview.StatusCode);
        var plan = await ApiHost.JsonAsync(preview);
        Assert.Equal((6, "good-3"), (plan.GetProperty("tenants").GetInt32(), plan.GetProperty("waves")[0].GetProperty("first")[0].GetString()));
        Assert.Equal(0, await _host.ScalarAsync<long>("select count(*) from control.rollouts"));

        using var accepted = await PostAsync("", Order(""", "canaries": ["good-3"], "maxFailures": 1"""), "key-1");
        using var again = await PostAsync("", Order(""", "canaries": ["good-3"], "maxFailures": 1"""), "key-1");

        var body = await ApiHost.JsonAsync(accepted);
        var id = body.GetProperty("rollout").GetInt64();
        Assert.Equal((HttpStatusCode.Accepted, $"/api/rollouts/{id}"), (accepted.StatusCode, accepted.Headers.Location!.OriginalString));
        Assert.Equal(body.ToString(), (await ApiHost.JsonAsync(again)).ToString());
        var end = await StateAsync(id, "completed");
        Assert.Equal([1, 0, 1, 4], end.GetProperty("waves").EnumerateArray().Select(w => w.GetProperty("members").GetInt32()));

        // One was refused three times, which is a failure; one is allowed.
        var tenants = await ItemsAsync($"/api/rollouts/{id}/tenants");
        Assert.Equal(6, tenants.Count);
        var refused = tenants.Single(t => t.GetProperty("tenant").GetString() == "busy-1");
        Assert.Equal(("failed", 3, "It ended as refused."), (refused.GetProperty("state").GetString(), refused.GetProperty("attempts").GetInt32(), refused.GetProperty("reason").GetString()));
        Assert.All(tenants.Where(t => t.GetProperty("tenant").GetString() != "busy-1"), t =>
        {
            Assert.Equal(("succeeded", 1, 7), (t.GetProperty("state").GetString(), t.GetProperty("attempts").GetInt32(), t.GetProperty("outageMs").GetInt32()));
            Assert.True(t.GetProperty("tookMs").GetInt64() >= 0);
        });
        Assert.Equal(3, (await ItemsAsync($"/api/rollouts/{id}/tenants?state=succeeded&pageSize=3&page=1")).Count);
        using var job = await _host.GetAsync($"/api/jobs/rollout-{id}");
        Assert.Equal("succeeded", (await ApiHost.JsonAsync(job)).GetProperty("state").GetString());
        Assert.Equal(["complete", "begin"], (await ItemsAsync($"/api/rollouts/{id}/changes")).Select(c => c.GetProperty("action").GetString()));
        Assert.Equal([id], (await ItemsAsync("/api/rollouts?state=completed&offer=odoo-shared")).Select(r => r.GetProperty("id").GetInt64()));
        Assert.Empty(await ItemsAsync("/api/rollouts?state=running"));
        Assert.Equal(8, await _host.ScalarAsync<long>("select count(*) from durable.instances where instance_id like 'upgrade-%'"));
    }

    [Fact]
    public async Task A_wave_that_fails_halts_until_somebody_goes_on()
    {
        await AddAsync("bad-1", "good-1", "good-2");
        var id = await StartAsync(""", "canaries": ["bad-1"]""");
        var halted = await StateAsync(id, "halted");
        Assert.Contains("Wave 1 has 1 failure, and 0 are allowed: bad-1.", halted.GetProperty("summary").GetProperty("stateReason").GetString(), StringComparison.Ordinal);
        Assert.Equal(2, (await ItemsAsync($"/api/rollouts/{id}/tenants?state=pending")).Count);
        using var other = await PostAsync("", Order(string.Empty));
        await ProblemAssert.IsAsync(other, HttpStatusCode.Conflict, "rollout-open");

        // What was tried again fails again, and halts again.
        await SteeredAsync($"/{id}/tenants/bad-1/retry");
        await SteeredAsync($"/{id}/resume");
        await StateAsync(id, "halted");
        await SteeredAsync($"/{id}/tenants/bad-1/skip");
        await SteeredAsync($"/{id}/resume");

        await StateAsync(id, "completed");
        Assert.Equal(["good-1", "good-2"], (await ItemsAsync($"/api/rollouts/{id}/tenants?state=succeeded")).Select(t => t.GetProperty("tenant").GetString()!).Order());
        Assert.Equal(2, await _host.ScalarAsync<long>("select count(*) from durable.instances where instance_id like 'upgrade-bad-1-%'"));
    }

    [Fact]
    public async Task A_tenant_is_held_released_and_taken_back()
    {
        await AddAsync("good-1", "good-2", "good-3");
        var id = await StartAsync(""", "waves": [{"percent": 100}], "maxConcurrent": 1, "window": {"from": "00:00", "until": "00:01", "days": ["DAY"]}"""
            .Replace("DAY", DateTime.UtcNow.AddDays(3).DayOfWeek.ToString(), StringComparison.Ordinal));
        await SteeredAsync($"/{id}/tenants/good-2/hold");
        using var again = await PostAsync($"/{id}/tenants/good-2/release", """{"reason": "now"}""");
        Assert.Equal("pending", (await ApiHost.JsonAsync(again)).GetProperty("state").GetString());
        await SteeredAsync($"/{id}/tenants/good-2/hold");

        // Its window is days away: nobody was begun.
        Assert.Equal(2, (await ItemsAsync($"/api/rollouts/{id}/tenants?state=pending")).Count);
        Assert.Equal(0, await _host.ScalarAsync<long>("select count(*) from durable.instances where instance_id like 'upgrade-%'"));
        await _host.ExecuteAsync("update control.rollouts set time_window = null");
        await SteeredAsync($"/{id}/tenants/good-3/skip");
        await WaitAsync(id, "good-1", "succeeded");
        await SteeredAsync($"/{id}/tenants/good-1/rollback");
        await WaitAsync(id, "good-1", "rolled_back");
        using var wrong = await PostAsync($"/{id}/tenants/good-1/release", """{"reason": "no"}""");
        await ProblemAssert.IsAsync(wrong, HttpStatusCode.Conflict, "rollout-state");
        await SteeredAsync($"/{id}/tenants/good-2/release");

        // A tenant that somebody took back is no failure of its wave.
        await StateAsync(id, "completed");
        Assert.Equal(1, await _host.ScalarAsync<long>("select count(*) from durable.instances where instance_id like 'restore-good-1-%'"));
    }

    [Fact]
    public async Task What_is_cancelled_begins_nobody_and_waits_for_whom_it_began()
    {
        await AddAsync("standing-1", "good-1", "good-2");
        var id = await StartAsync(""", "canaries": ["standing-1"]""");
        await WaitAsync(id, "standing-1", "running");
        using var running = await PostAsync($"/{id}/tenants/standing-1/skip", """{"reason": "no"}""");
        await ProblemAssert.IsAsync(running, HttpStatusCode.Conflict, "rollout-state");
        await SteeredAsync($"/{id}/pause");
        await SteeredAsync($"/{id}/cancel");
        await StateAsync(id, "cancelling");

        await _host.Tasks.RaiseEventAsync(await JobOfAsync(id, "standing-1"), ScriptedOrchestrators.End, UpgradeOutcomes.Upgraded, Token);

        var end = await StateAsync(id, "cancelled");
        Assert.Equal("operator: as the test wants", end.GetProperty("summary").GetProperty("stateReason").GetString());
        Assert.Equal(2, (await ItemsAsync($"/api/rollouts/{id}/tenants?state=skipped")).Count);
        Assert.Single(await ItemsAsync($"/api/rollouts/{id}/tenants?state=succeeded"));
        using var job = await _host.GetAsync($"/api/jobs/rollout-{id}");
        Assert.Equal("cancelled", (await ApiHost.JsonAsync(job)).GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_rollout_whose_orchestration_was_ended_goes_on_when_it_is_resumed()
    {
        await AddAsync("standing-1", "good-1");
        var id = await StartAsync(""", "canaries": ["standing-1"]""");
        await WaitAsync(id, "standing-1", "running");
        await SteeredAsync($"/{id}/pause");
        await _host.Tasks.TerminateInstanceAsync($"rollout-{id}", (object?)"by hand", Token);
        await Eventually.UntilAsync(
            async () => (await _host.Tasks.GetInstanceAsync($"rollout-{id}", Token))?.RuntimeStatus == OrchestrationRuntimeStatus.Terminated, TimeSpan.FromSeconds(20), "it has ended");
        await _host.Tasks.TerminateInstanceAsync(await JobOfAsync(id, "standing-1"), (object?)"by hand", Token);

        await SteeredAsync($"/{id}/resume");

        // Of the tenant's own job nobody knows how it would have ended: that is a failure.
        var halted = await StateAsync(id, "halted");
        Assert.Contains("standing-1", halted.GetProperty("summary").GetProperty("stateReason").GetString(), StringComparison.Ordinal);
        await SteeredAsync($"/{id}/resume");
        await StateAsync(id, "completed");
        Assert.Equal(2, await _host.ScalarAsync<int>("select runs from control.rollouts"));
    }

    [Fact]
    public async Task However_many_start_a_tenant_at_once_it_is_started_once_and_never_more_than_allowed()
    {
        await AddAsync([.. Enumerable.Range(1, 6).Select(i => $"standing-{i}")]);
        var id = await StartAsync(""", "waves": [{"percent": 100}], "maxConcurrent": 2""");
        await WaitAsync(id, "running", 2);
        var progress = _host.Services.GetRequiredService<IRolloutProgress>();
        var order = new RunRolloutOrder { RolloutId = id };
        var pending = await ItemsAsync($"/api/rollouts/{id}/tenants?state=pending");
        Assert.False(await progress.StartAsync(order, await IdOfAsync(pending[0].GetProperty("tenant").GetString()!), Token));
        await _host.ExecuteAsync("update control.rollouts set max_concurrent = 4");

        var started = await Task.WhenAll(pending.SelectMany(t => Enumerable.Repeat(t, 4)).Select(
            async t => await progress.StartAsync(order, await IdOfAsync(t.GetProperty("tenant").GetString()!), Token)));

        await WaitAsync(id, "running", 4);
        Assert.InRange(started.Count(s => s), 0, 2);
        Assert.Equal(4, await _host.ScalarAsync<long>("select count(*) from durable.instances where instance_id like 'upgrade-%'"));
        Assert.All(await ItemsAsync($"/api/rollouts/{id}/tenants?state=running"), t => Assert.Equal(1, t.GetProperty("attempts").GetInt32()));
    }

    [Fact]
    public async Task What_cannot_be_is_refused_in_words()
    {
        using var unknown = await PostAsync("", Order(string.Empty).Replace("odoo-shared", "none", StringComparison.Ordinal));
        ProblemAssert.Names(await ProblemAssert.IsAsync(unknown, HttpStatusCode.UnprocessableEntity, "invalid-command"), "offer", "GET /api/offers");
        using var nobody = await PostAsync("", Order(string.Empty));
        ProblemAssert.Names(await ProblemAssert.IsAsync(nobody, HttpStatusCode.UnprocessableEntity, "invalid-command"), "tenants", "dryRun says why");
        using var waves = await PostAsync("", Order(""", "waves": [{"percent": 50}, {"count": 3}, {"percent": 40, "maxFailures": 1, "maxFailuresPercent": 1}]"""));
        var problem = await ProblemAssert.IsAsync(waves, HttpStatusCode.UnprocessableEntity, "invalid-command");
        foreach (var words in new[] { "only the first wave", "more than 50", "not both", "100 percent" })
        {
            ProblemAssert.Names(problem, "waves", words);
        }

        foreach (var path in new[] { "/api/rollouts/7", "/api/rollouts/x", "/api/rollouts/7/tenants", "/api/rollouts/7/changes" })
        {
            using var missing = await _host.GetAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        }

        using var steered = await PostAsync("/7/tenants/good-1/skip", """{"reason": "x"}""");
        Assert.Equal(HttpStatusCode.NotFound, steered.StatusCode);
    }

    private static string Order(string more) => $$"""{"offer": "odoo-shared", "release": {{Release}}, "reason": "as the test wants"{{more}}}""";

    private Task<HttpResponseMessage> PostAsync(string path, string json, string? key = null) =>
        _host.SendAsync(HttpMethod.Post, $"/api/rollouts{path}", ApiHost.AdminToken, json, key);

    private async Task<long> StartAsync(string more)
    {
        using var answer = await PostAsync("", Order(more));
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync(Token));
        return (await ApiHost.JsonAsync(answer)).GetProperty("rollout").GetInt64();
    }

    private async Task SteeredAsync(string path)
    {
        using var answer = await PostAsync(path, """{"reason": "as the test wants"}""");
        Assert.True(answer.StatusCode == HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Token));
    }

    private Task<JsonElement> StateAsync(long id, string state) =>
        _host.WaitAsync($"/api/rollouts/{id}", r => r.GetProperty("summary").GetProperty("state").GetString() == state);

    private Task<JsonElement> WaitAsync(long id, string tenant, string state) => _host.WaitAsync(
        $"/api/rollouts/{id}/tenants", l => l.GetProperty("items").EnumerateArray().Any(t => t.GetProperty("tenant").GetString() == tenant && t.GetProperty("state").GetString() == state));

    private Task<JsonElement> WaitAsync(long id, string state, int count) => _host.WaitAsync($"/api/rollouts/{id}/tenants?state={state}", l => l.GetProperty("total").GetInt32() == count);

    private async Task<List<JsonElement>> ItemsAsync(string path)
    {
        using var answer = await _host.GetAsync(path);
        return [.. (await ApiHost.JsonAsync(answer)).GetProperty("items").EnumerateArray()];
    }

    private async Task<string> JobOfAsync(long id, string tenant) =>
        (await ItemsAsync($"/api/rollouts/{id}/tenants")).Single(t => t.GetProperty("tenant").GetString() == tenant).GetProperty("job").GetString()!;

    private Task<long> IdOfAsync(string tenant) => _host.ScalarAsync<long>($"select id from control.tenants where code = '{tenant}'");

    // Active tenants without databases: nobody looks at those here.
    private async Task AddAsync(params string[] codes)
    {
        for (var number = 0; number < codes.Length; number++)
        {
            await _host.ExecuteAsync(
                $"""
                insert into control.tenants
                select (jsonb_populate_record(null::control.tenants, to_jsonb(t) || jsonb_build_object(
                  'id', {1000 + number}, 'code', '{codes[number]}', 'host', '{codes[number]}.example.test', 'database', '{codes[number]}', 'state', 'active', 'ended_at', null))).*
                from control.tenants t where t.code = 'seed'
                """);
        }
    }
}
