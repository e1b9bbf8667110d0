using System.Net;
using System.Text.Json;
using Bibind.Functions.Tests.Hosting;
using Bibind.Testing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>What is done to jobs by the API: once, recorded, and what is refused.</summary>
public sealed class JobSteeringTests(ApiHost host) : IClassFixture<ApiHost>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_job_is_paused_once_and_resumed()
    {
        var job = await OrderAsync("paused");

        using var first = await SteerAsync(job, "pause", """{"reason": "the server is looked at"}""");
        using var again = await SteerAsync(job, "pause");
        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (first.StatusCode, again.StatusCode));
        Assert.Equal($"/api/jobs/{job}", first.Headers.Location?.OriginalString);
        await ShowsAsync(job, "suspended");
        using var run = await SteerAsync(job, "run-now");
        await ProblemAssert.IsAsync(run, HttpStatusCode.Conflict, "job-paused");

        using var resumed = await SteerAsync(job, "resume");
        Assert.Equal(HttpStatusCode.Accepted, resumed.StatusCode);
        var shown = await ShowsAsync(job, "running");
        Assert.Equal(["pause", "resume"], shown.GetProperty("actions").EnumerateArray().Select(a => a.GetProperty("action").GetString()));
        Assert.Equal(("sales", "the server is looked at"), (shown.GetProperty("actions")[0].GetProperty("who").GetString(), shown.GetProperty("actions")[0].GetProperty("reason").GetString()));
        using var twice = await SteerAsync(job, "resume");
        await ProblemAssert.IsAsync(twice, HttpStatusCode.Conflict, "job-not-paused");
        using var nothing = await SteerAsync(job, "run-now");
        await ProblemAssert.IsAsync(nothing, HttpStatusCode.Conflict, "nothing-waits");
        using var retry = await SteerAsync(job, "retry");
        await ProblemAssert.IsAsync(retry, HttpStatusCode.Conflict, "job-not-failed");
    }

    [Fact]
    public async Task A_step_that_waits_is_shown_with_its_attempts_and_run_now()
    {
        var job = await OrderAsync("waiting-one");
        var shown = await ShowsAsync(job, "retrying");
        var step = shown.GetProperty("steps")[0];
        Assert.Equal("waiting-retry", step.GetProperty("state").GetString());
        Assert.Equal(shown.GetProperty("nextAttemptAt").GetDateTime(), step.GetProperty("nextAttemptAt").GetDateTime(), TimeSpan.FromSeconds(1));
        Assert.False(string.IsNullOrEmpty(step.GetProperty("attemptList")[0].GetProperty("error").GetString()));
        using var listed = await host.GetAsync("/api/jobs?state=retrying&tenant=waiting-one");
        Assert.Equal(job, (await ApiHost.JsonAsync(listed)).GetProperty("items")[0].GetProperty("id").GetString());
        using var running = await host.GetAsync("/api/jobs?state=running&tenant=waiting-one");
        Assert.Equal(0, (await ApiHost.JsonAsync(running)).GetProperty("total").GetInt32());

        using var now = await SteerAsync(job, "run-now");

        Assert.Equal(HttpStatusCode.Accepted, now.StatusCode);
        var after = await ShowsAsync(job, "running");
        Assert.Equal(2, after.GetProperty("steps")[0].GetProperty("attempts").GetInt32());
    }

    [Fact]
    public async Task A_step_that_waits_is_given_up_once_and_fails_with_its_last_error()
    {
        var job = await OrderAsync("waiting-two");
        await ShowsAsync(job, "retrying");

        using var now = await SteerAsync(job, "fail-now", """{"reason": "the store is gone"}""");
        using var again = await SteerAsync(job, "fail-now");

        Assert.Equal((HttpStatusCode.Accepted, $"/api/jobs/{job}"), (now.StatusCode, now.Headers.Location?.OriginalString));
        await ProblemAssert.IsAsync(again, HttpStatusCode.Conflict, "nothing-waits");
        var failed = await ShowsAsync(job, "failed");
        Assert.Equal("The store did not answer.", failed.GetProperty("reason").GetString());
        var step = failed.GetProperty("steps")[0];
        Assert.Equal(("failed", 1), (step.GetProperty("state").GetString(), step.GetProperty("attempts").GetInt32()));
        var action = Assert.Single(failed.GetProperty("actions").EnumerateArray());
        Assert.Equal(("fail-now", "sales", "the store is gone"), (action.GetProperty("action").GetString(), action.GetProperty("who").GetString(), action.GetProperty("reason").GetString()));

        // Nobody answered the failure, so that it can go on: the attempt is made after all.
        using var retried = await SteerAsync(job, "retry");
        Assert.Equal(HttpStatusCode.Accepted, retried.StatusCode);
        var after = await ShowsAsync(job, j => j.GetProperty("steps")[0].GetProperty("state").GetString() == "succeeded", "goes on");
        Assert.Equal(("running", 2), (after.GetProperty("state").GetString(), after.GetProperty("steps")[0].GetProperty("attempts").GetInt32()));
    }

    [Fact]
    public async Task What_undoes_something_is_not_given_up()
    {
        var job = await OrderAsync("undoing-one");
        await ShowsAsync(job, "retrying");

        using var refused = await SteerAsync(job, "fail-now");

        await ProblemAssert.IsAsync(refused, HttpStatusCode.Conflict, "step-not-failable");
        Assert.Equal(0, await host.ScalarAsync<long>($"select count(*) from control.job_actions where job_id = '{job}'"));
        using var paused = await SteerAsync(job, "pause");
        using var whilePaused = await SteerAsync(job, "fail-now");
        await ProblemAssert.IsAsync(whilePaused, HttpStatusCode.Conflict, "job-paused");
        using var cancelled = await SteerAsync(job, "cancel");
        using var whileUndone = await SteerAsync(job, "fail-now");
        await ProblemAssert.IsAsync(whileUndone, HttpStatusCode.Conflict, "job-cancelled");
    }

    [Fact]
    public async Task A_cancelled_job_is_ended_marked_and_its_undoing_started_once()
    {
        var job = await OrderAsync("called-off");

        using var first = await SteerAsync(job, "cancel", """{"reason": "ordered twice"}""");
        using var again = await SteerAsync(job, "cancel");

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (first.StatusCode, again.StatusCode));
        Assert.Equal(1, await host.ScalarAsync<long>($"select count(*) from control.job_actions where job_id = '{job}'"));
        Assert.Equal(1, await host.ScalarAsync<long>($"select count(*) from durable.instances where instance_id = 'cancel-{job}'"));
        await Eventually.TrueAsync(async () => (await host.Tasks.GetInstanceAsync(job, Token))!.IsCompleted, seconds: 60);
        var shown = await ShowsAsync(job, "running");
        Assert.NotEqual(JsonValueKind.Null, shown.GetProperty("cancelRequestedAt").ValueKind);
        using var pause = await SteerAsync(job, "pause");
        await ProblemAssert.IsAsync(pause, HttpStatusCode.Conflict, "job-cancelled");
    }

    [Theory]
    [InlineData("destroy", "bring-back")]
    [InlineData("suspend", "resume")]
    [InlineData("resume", "fail-now")]
    [InlineData("build-template-version", "fail-now")]
    [InlineData("add-domain", "DELETE")]
    [InlineData("rollout", "pause")]
    public async Task What_cannot_be_undone_is_not_cancelled_and_says_what_helps(string kind, string remedy)
    {
        await InsertAsync($"never-{kind}", kind, outcome: null);

        using var refused = await SteerAsync($"never-{kind}", "cancel");

        var problem = await ProblemAssert.IsAsync(refused, HttpStatusCode.Conflict, "job-not-cancellable");
        Assert.Contains(remedy, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, await host.ScalarAsync<long>($"select count(*) from control.job_actions where job_id = 'never-{kind}'"));
    }

    [Theory]
    [InlineData("cancel")]
    [InlineData("pause")]
    [InlineData("resume")]
    [InlineData("run-now")]
    [InlineData("fail-now")]
    public async Task A_job_that_has_ended_or_does_not_exist_is_not_steered(string action)
    {
        await InsertAsync($"ended-{action}", "backup", "succeeded");

        using var ended = await SteerAsync($"ended-{action}", action);
        using var nobody = await SteerAsync("nobody", action);
        using var odd = await SteerAsync("NOBODY", action);

        await ProblemAssert.IsAsync(ended, HttpStatusCode.Conflict, "job-ended");
        await ProblemAssert.IsAsync(nobody, HttpStatusCode.NotFound, "not-found");
        await ProblemAssert.IsAsync(odd, HttpStatusCode.NotFound, "not-found");
    }

    [Fact]
    public async Task A_failed_order_is_made_again_once_unless_its_code_is_taken()
    {
        var job = await OrderAsync("again-one", """, "customerName": "Anna" """);
        await FailAsync(job, "again-one");

        using var first = await SteerAsync(job, "retry", """{"reason": "the server is back"}""");
        using var again = await SteerAsync(job, "retry");

        var next = (await ApiHost.JsonAsync(first)).GetProperty("id").GetString()!;
        Assert.NotEqual(job, next);
        Assert.Equal(next, (await ApiHost.JsonAsync(again)).GetProperty("id").GetString());
        using var before = await host.GetAsync($"/api/jobs/{job}");
        Assert.Equal(next, (await ApiHost.JsonAsync(before)).GetProperty("retriedBy").GetString());
        using var after = await host.GetAsync($"/api/jobs/{next}");
        var made = await ApiHost.JsonAsync(after);
        Assert.Equal((job, "sales"), (made.GetProperty("retryOf").GetString(), made.GetProperty("requestedBy").GetString()));
        using var tenant = await host.GetAsync("/api/tenants/again-one");
        Assert.Equal("Anna", (await ApiHost.JsonAsync(tenant)).GetProperty("customerName").GetString());

        var other = await OrderAsync("again-two");
        await FailAsync(other, "again-two");
        await OrderAsync("again-two");
        using var taken = await SteerAsync(other, "retry");
        await ProblemAssert.IsAsync(taken, HttpStatusCode.Conflict, "code-taken");
    }

    [Fact]
    public async Task A_job_whose_orchestration_broke_off_goes_on_from_the_step_that_failed()
    {
        var job = await OrderAsync("failing-rewound");
        await ShowsAsync(job, "failed");
        var execution = await host.ScalarAsync<string>($"select execution_id from durable.instances where instance_id = '{job}'");

        using var retried = await SteerAsync(job, "retry", """{"reason": "mended"}""");

        Assert.Equal((HttpStatusCode.Accepted, $"/api/jobs/{job}"), (retried.StatusCode, retried.Headers.Location?.OriginalString));
        await Eventually.TrueAsync(
            async () => await host.ScalarAsync<string>($"select execution_id from durable.instances where instance_id = '{job}'") != execution, seconds: 60);
        Assert.Equal(1, await host.ScalarAsync<long>($"select count(*) from control.job_actions where job_id = '{job}' and action = 'retry' and reason = 'mended'"));
    }

    [Fact]
    public async Task An_order_is_made_again_with_an_edited_command_that_is_validated_as_the_first()
    {
        var job = await OrderAsync("edited", """, "callbackUrl": "https://hook.example.com/secret-path?key=secret" """);
        using var input = await host.GetAsync($"/api/jobs/{job}/input");
        var text = await input.Content.ReadAsStringAsync(Token);
        Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
        await FailAsync(job, "edited");

        using var wrong = await SteerAsync(job, "again", """{"input": {"code": "A", "name": "X", "offer": "odoo-shared"}}""");
        var problem = await ProblemAssert.IsAsync(wrong, HttpStatusCode.UnprocessableEntity, "invalid-command");
        Assert.True(problem.GetProperty("errors").TryGetProperty("input.code", out _), problem.ToString());

        using var made = await SteerAsync(job, "again", $$"""{"input": {{text.Replace("\"name\":\"", "\"name\":\"New ", StringComparison.Ordinal)}}, "reason": "misspelt"}""");
        Assert.True(made.StatusCode == HttpStatusCode.Accepted, await made.Content.ReadAsStringAsync(Token));
        Assert.Equal(
            "https://hook.example.com/secret-path?key=secret",
            await host.ScalarAsync<string>("select callback_url from control.tenants where code = 'edited' order by id desc limit 1"));
        Assert.StartsWith("New ", await host.ScalarAsync<string>("select name from control.tenants where code = 'edited' order by id desc limit 1"), StringComparison.Ordinal);

        await InsertAsync("by-the-sweep", "retire-template-version", "failed");
        using var none = await SteerAsync("by-the-sweep", "again", """{"input": {}}""");
        await ProblemAssert.IsAsync(none, HttpStatusCode.Conflict, "no-command");
        using var itself = await SteerAsync("by-the-sweep", "retry");
        await ProblemAssert.IsAsync(itself, HttpStatusCode.Conflict, "not-repeatable");
    }

    [Fact]
    public async Task Whoever_may_not_order_it_does_not_order_it_again()
    {
        await InsertAsync("removed-before", "destroy", "failed");
        await host.ExecuteAsync("update control.jobs set tenant_code = 'nobody-there' where id = 'removed-before'");

        using var manager = await SteerAsync("removed-before", "retry");
        using var admin = await host.SendAsync(HttpMethod.Post, "/api/jobs/removed-before/retry", ApiHost.AdminToken);

        await ProblemAssert.IsAsync(manager, HttpStatusCode.Forbidden, "forbidden");
        await ProblemAssert.IsAsync(admin, HttpStatusCode.NotFound, "not-found");
    }

    [Fact]
    public async Task Many_jobs_are_steered_when_their_number_is_as_expected()
    {
        string[] jobs = [await OrderAsync("bulk-a"), await OrderAsync("bulk-b"), await OrderAsync("bulk-c")];
        await InsertAsync("bulk-never", "destroy", outcome: null);
        const string Filter = """ "filter": {"text": "bulk-", "from": "2026-01-01T00:00:00Z"} """;

        using var preview = await BulkAsync($$"""{"action": "cancel", {{Filter}}, "dryRun": true}""");
        Assert.Equal(4, (await ApiHost.JsonAsync(preview)).GetProperty("matched").GetInt32());
        using var other = await BulkAsync($$"""{"action": "cancel", {{Filter}}, "expected": 3}""");
        await ProblemAssert.IsAsync(other, HttpStatusCode.Conflict, "other-count");
        Assert.Equal(0, await host.ScalarAsync<long>("select count(*) from control.job_actions where job_id like '%bulk-%'"));

        using var done = await BulkAsync($$"""{"action": "cancel", {{Filter}}, "expected": 4, "reason": "all of them"}""");
        var result = await ApiHost.JsonAsync(done);
        Assert.Equal((4, 3), (result.GetProperty("matched").GetInt32(), result.GetProperty("accepted").GetInt32()));
        Assert.Equal("bulk-never", result.GetProperty("refused")[0].GetProperty("job").GetString());
        Assert.Equal(3, await host.ScalarAsync<long>($"select count(*) from control.job_actions where reason = 'all of them' and job_id = any('{{{string.Join(',', jobs)}}}')"));

        using var everything = await BulkAsync("""{"action": "cancel", "filter": {}, "expected": 4}""");
        await ProblemAssert.IsAsync(everything, HttpStatusCode.UnprocessableEntity, "invalid-command");
    }

    private async Task<string> OrderAsync(string code, string more = "")
    {
        using var answer = await host.OrderAsync(ApiHost.Order(code, more: more));
        return (await ApiHost.JsonAsync(answer)).GetProperty("job").GetString()!;
    }

    private async Task FailAsync(string job, string code)
    {
        await host.ExecuteAsync($"update control.jobs set finished_at = now(), outcome = 'failed', reason = 'it was undone' where id = '{job}'");
        await host.ExecuteAsync($"update control.tenants set state = 'failed', ended_at = now(), reason = 'it was undone' where code = '{code}' and state = 'provisioning'");
    }

    private Task InsertAsync(string id, string kind, string? outcome) => host.ExecuteAsync(
        $"""
        insert into control.jobs (id, kind, subject, requested_by, changing, created_at, finished_at, outcome)
        values ('{id}', '{kind}', 'something', 'sweep', false, now(), {(outcome is null ? "null, null" : $"now(), '{outcome}'")})
        """);

    private Task<HttpResponseMessage> SteerAsync(string job, string action, string? body = null) =>
        host.SendAsync(HttpMethod.Post, $"/api/jobs/{job}/{action}", ApiHost.ManagerToken, body);

    private Task<HttpResponseMessage> BulkAsync(string body) => host.SendAsync(HttpMethod.Post, "/api/jobs/bulk", ApiHost.ManagerToken, body);

    private Task<JsonElement> ShowsAsync(string job, string state) => ShowsAsync(job, j => j.GetProperty("state").GetString() == state, $"is {state}");

    private async Task<JsonElement> ShowsAsync(string job, Func<JsonElement, bool> wanted, string words) => await Eventually.UntilAsync(
        async () =>
        {
            using var answer = await host.GetAsync($"/api/jobs/{job}");
            return await ApiHost.JsonAsync(answer);
        },
        wanted, TimeSpan.FromSeconds(60), $"{job} {words}");
}
