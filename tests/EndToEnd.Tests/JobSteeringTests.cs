using System.Net;
using System.Text.Json.Nodes;
using Bibind.Testing;
using Bibind.Testing.Servers;

namespace Bibind.EndToEnd.Tests;

/// <summary>Jobs that somebody steers, on real hosts: shown as they wait, run now, cancelled and proved, ordered again.</summary>
public sealed class JobSteeringTests
{
    [Fact]
    public async Task A_step_that_fails_three_times_is_shown_and_is_not_waited_for()
    {
        await using var installation = await Installation.CreateAsync();
        await using var host = await InProcessHost.StartAsync(installation, new PutsOff("database.clone", times: 3));
        var job = await host.Api.OrderByWebhookAsync(installation.Code);
        for (var failures = 1; failures <= 3; failures++)
        {
            var step = await RetriesAsync(host.Api, job, failures);
            Assert.Equal("waiting-retry", (string?)step["state"]);
            Assert.All(step["attemptList"]!.AsArray(), a => Assert.Contains("as the test wants", (string?)a!["error"], StringComparison.Ordinal));
            var listed = (await host.Api.GetAsync("/api/jobs?state=retrying"))["items"]!.AsArray();
            Assert.NotNull(Assert.Single(listed)!["nextAttemptAt"]);

            await SteerAsync(host.Api, job, "run-now", $"attempt {failures}");
        }

        var end = await host.Api.EndOfAsync(job);
        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        Assert.Equal(4, (int)StepOf(end)["attempts"]!);
        Assert.Equal(4, StepOf(end)["attemptList"]!.AsArray().Count);
        Assert.Equal(
            ["attempt 1", "attempt 2", "attempt 3"],
            end["actions"]!.AsArray().Where(a => (string?)a!["action"] == "run-now").Select(a => (string?)a!["reason"]));

        await TellsEverythingOnceAsync(host.Api, job, end);
    }

    [Fact]
    public async Task A_job_that_was_cancelled_is_undone_although_the_process_that_said_so_is_killed()
    {
        await using var installation = await Installation.CreateAsync();
        var atStep = new StopsAt("application.configure");
        await using var host = await InProcessHost.StartAsync(installation, atStep);
        var job = await host.Api.OrderByWebhookAsync(installation.Code);
        await atStep.Reached;
        await using (var doomed = await KillableHost.StartAsync(installation))
        {
            await SteerAsync(doomed.Api, job, "cancel", "ordered twice");
            await doomed.KillAsync();
        }

        var end = await CancelledAsync(host.Api, job);
        atStep.Release();

        Assert.Contains("cancelled", (string?)end["reason"], StringComparison.Ordinal);
        Assert.Equal("ordered twice", (string?)Assert.Single(end["actions"]!.AsArray())!["reason"]);
        Assert.Equal("failed", (string?)(await host.Api.GetAsync($"/api/tenants/{installation.Code}"))["state"]);
        await installation.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_step_that_is_given_up_is_undone_although_the_process_that_said_so_is_killed()
    {
        await using var installation = await Installation.CreateAsync();
        await using var host = await InProcessHost.StartAsync(installation, new PutsOff("database.clone", times: 100, TimeSpan.FromMinutes(5)));
        var job = await host.Api.OrderByWebhookAsync(installation.Code);
        await RetriesAsync(host.Api, job, 1);
        await using (var doomed = await KillableHost.StartAsync(installation))
        {
            await SteerAsync(doomed.Api, job, "fail-now", "the server is gone");
            await doomed.KillAsync();
        }

        await GivenUpAsync(host.Api, job, "the server is gone");
        Assert.Equal("failed", (string?)(await host.Api.GetAsync($"/api/tenants/{installation.Code}"))["state"]);
        await installation.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task On_another_engine_a_step_is_given_up_and_undone()
    {
        await using var scheduler = await SchedulerServer.StartAsync();
        await using var installation = await Installation.CreateAsync();
        UseScheduler(installation, scheduler);
        await using var host = await InProcessHost.StartAsync(installation, new PutsOff("database.clone", times: 100, TimeSpan.FromMinutes(5)));
        var job = await host.Api.OrderByWebhookAsync(installation.Code);
        await RetriesAsync(host.Api, job, 1);

        await SteerAsync(host.Api, job, "fail-now", "the server is gone");

        await GivenUpAsync(host.Api, job, "the server is gone");
        Assert.Empty(await installation.DatabasesAsync());
    }

    [Theory]
    [InlineData("before:jobs.undo_cancelled")]
    [InlineData("after:jobs.undo_cancelled")]
    public async Task A_cancelled_job_is_undone_although_the_process_that_sees_to_it_is_killed(string boundary)
    {
        await using var installation = await Installation.CreateAsync();
        string job;
        await using (var first = await InProcessHost.StartAsync(installation, new PutsOff("database.clone", times: 1, TimeSpan.FromMinutes(5))))
        {
            job = await first.Api.OrderByWebhookAsync(installation.Code);
            await RetriesAsync(first.Api, job, 1);
        }

        await using (var doomed = await KillableHost.StartAsync(installation, boundary))
        {
            await SteerAsync(doomed.Api, job, "cancel", null);
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(installation);
        await CancelledAsync(host.Api, job);
        await installation.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task An_order_that_failed_and_was_undone_is_made_again()
    {
        await using var installation = await Installation.CreateAsync();
        await using var host = await InProcessHost.StartAsync(installation, new FailureAt("application.configure", afterTheEffect: false) { Times = 1 });
        var failed = await host.Api.FailureOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));

        var next = await SteerAsync(host.Api, Address(failed), "retry", "the cause is gone");
        var again = await SteerAsync(host.Api, Address(failed), "retry", "once more");

        Assert.Equal((string?)next["id"], (string?)again["id"]);
        var made = await host.Api.EndOfAsync(Address(next));
        Assert.True((string?)made["state"] == "succeeded", made.ToString());
        Assert.Equal((string?)failed["id"], (string?)made["retryOf"]);
        var before = await host.Api.GetAsync(Address(failed));
        Assert.Equal((string?)made["id"], (string?)before["retriedBy"]);
        Assert.Equal("the cause is gone", (string?)Assert.Single(before["actions"]!.AsArray())!["reason"]);
        var tenant = await host.Api.GetAsync($"/api/tenants/{installation.Code}");
        Assert.Equal("active", (string?)tenant["state"]);
        Assert.Equal([installation.Code], await installation.DatabasesAsync());
        await installation.HasFirstBackupAsync();
    }

    [Fact]
    public async Task On_another_engine_a_job_is_paused_cancelled_and_run_now()
    {
        await using var scheduler = await SchedulerServer.StartAsync();
        await using var installation = await Installation.CreateAsync();
        UseScheduler(installation, scheduler);
        await using var host = await InProcessHost.StartAsync(installation, new PutsOff("database.clone", times: 2));
        var first = await host.Api.OrderByWebhookAsync(installation.Code);
        await RetriesAsync(host.Api, first, 1);

        await SteerAsync(host.Api, first, "pause", null);
        await Eventually.UntilAsync(() => host.Api.GetAsync(first), j => (string?)j["state"] == "suspended", TimeSpan.FromSeconds(60), "it is suspended");
        await SteerAsync(host.Api, first, "resume", null);
        await RetriesAsync(host.Api, first, 1);
        await SteerAsync(host.Api, first, "cancel", "ordered twice");
        await CancelledAsync(host.Api, first);
        Assert.Empty(await installation.DatabasesAsync());

        var second = await host.Api.OrderByWebhookAsync(installation.Code, record: 2);
        await RetriesAsync(host.Api, second, 1);
        await SteerAsync(host.Api, second, "run-now", null);

        var end = await host.Api.EndOfAsync(second);
        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        Assert.Equal([installation.Code], await installation.DatabasesAsync());
    }

    private static void UseScheduler(Installation installation, SchedulerServer scheduler)
    {
        installation.Settings["Durable:Engine"] = "scheduler";
        installation.Settings["Durable:Scheduler:Endpoint"] = scheduler.Address.OriginalString;
        installation.Settings["Durable:Scheduler:TaskHub"] = installation.Code;
    }

    private static async Task GivenUpAsync(Api api, string job, string reason)
    {
        var end = await api.EndOfAsync(job, seconds: 120);
        Assert.True((string?)end["state"] == "failed", end.ToString());
        Assert.Contains("as the test wants", (string?)end["reason"], StringComparison.Ordinal);
        Assert.Equal(("failed", 1), ((string?)StepOf(end)["state"], (int)StepOf(end)["attempts"]!));
        var action = Assert.Single(end["actions"]!.AsArray())!;
        Assert.Equal(("fail-now", reason), ((string?)action["action"], (string?)action["reason"]));
        var items = end["inventory"]!["items"]!.AsArray();
        Assert.NotEmpty(items);
        Assert.All(items, item => Assert.Equal("absent", (string?)item!["state"]));
    }

    private static async Task TellsEverythingOnceAsync(Api api, string job, JsonObject end)
    {
        var told = await api.EventsOfAsync(job, lastId: null);
        Assert.Equal(end["steps"]!.AsArray().Count, told.Count(e => e.Name == "step"));
        Assert.Equal(["job", "end"], told.TakeLast(2).Select(e => e.Name));
        Assert.Equal("succeeded", (string?)JsonNode.Parse(told[^2].Data)!["state"]);

        // Whoever comes back is not told again what they know.
        var later = await api.EventsOfAsync(job, told[^1].Id);
        Assert.Equal(["job", "end"], later.Select(e => e.Name));
    }

    private static async Task<JsonObject> CancelledAsync(Api api, string job)
    {
        var end = await api.EndOfAsync(job, seconds: 120);
        Assert.True((string?)end["state"] == "cancelled", end.ToString());
        var items = end["inventory"]!["items"]!.AsArray();
        Assert.NotEmpty(items);
        Assert.All(items, item => Assert.Equal("absent", (string?)item!["state"]));
        return end;
    }

    private static async Task<JsonNode> RetriesAsync(Api api, string job, int failures)
    {
        var shown = await Eventually.UntilAsync(
            () => api.GetAsync(job),
            j => (string?)j["state"] == "retrying" && j["nextAttemptAt"] is not null && (int)StepOf(j)["attempts"]! == failures,
            TimeSpan.FromSeconds(60), $"it waits after {failures} attempts");
        return StepOf(shown);
    }

    private static JsonNode StepOf(JsonObject job) => job["steps"]!.AsArray().First(s => (string?)s!["name"] == "database.clone")!;

    private static string Address(JsonObject job) => $"/api/jobs/{(string?)job["id"]}";

    private static async Task<JsonObject> SteerAsync(Api api, string job, string action, string? reason)
    {
        var (status, location, body) = await api.TryPostAsync($"{job}/{action}", reason is null ? [] : new JsonObject { ["reason"] = reason });
        Assert.True(status == HttpStatusCode.Accepted, $"{action}: {(int)status} {body}");
        Assert.Equal($"/api/jobs/{(string?)body["id"]}", location);
        return body;
    }
}
