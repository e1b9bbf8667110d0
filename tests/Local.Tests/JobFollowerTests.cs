using System.Net;
using Bibind.Local.Demo;
using Spectre.Console;
using Xunit;

namespace Bibind.Local.Tests;

public sealed class JobFollowerTests : IDisposable
{
    private const string Running = """
        {"id": "provision-demo-1", "tenant": "demo-1", "state": "running", "steps": [
          {"name": "database.clone", "state": "succeeded", "attempts": 1, "startedAt": "2026-01-01T10:00:00Z", "durationMs": 130},
          {"name": "backup.take", "state": "waiting-retry", "attempts": 1, "startedAt": "2026-01-01T10:00:01Z", "error": "the store is full"}]}
        """;

    private const string Succeeded = """
        {"id": "provision-demo-1", "tenant": "demo-1", "state": "succeeded", "durationMs": 812, "reason": null,
          "result": {"database": "demo-1", "host": "demo-1.bibind.localhost", "backupKey": "backups/demo-1/1/database.dump"},
          "steps": [
          {"name": "database.clone", "state": "succeeded", "attempts": 1, "startedAt": "2026-01-01T10:00:00Z", "durationMs": 130},
          {"name": "backup.take", "state": "succeeded", "attempts": 2, "startedAt": "2026-01-01T10:00:01Z", "durationMs": 400}]}
        """;

    private const string Failed = """
        {"id": "provision-demo-1", "tenant": "demo-1", "state": "failed", "durationMs": 5, "reason": "The server local is full.", "steps": []}
        """;

    private readonly StringWriter output = new();

    public void Dispose() => output.Dispose();

    [Fact]
    public async Task Every_step_gets_one_line_when_it_ends_and_one_when_it_waits_for_another_attempt()
    {
        await FollowAsync(HttpStatusCode.OK, Running, Running, Succeeded);

        var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        Assert.Equal(
            ["database.clone succeeded 130 ms", "backup.take waiting-retry the store is full", "backup.take succeeded 400 ms attempt 2"], lines);
    }

    [Fact]
    public async Task The_end_of_a_job_is_answered_with_its_result()
    {
        var job = await FollowAsync(HttpStatusCode.OK, Running, Succeeded);

        Assert.True(job.HasSucceeded);
        Assert.Equal("backups/demo-1/1/database.dump", job.Result!.BackupKey);
    }

    [Fact]
    public async Task A_failed_job_is_answered_with_its_reason()
    {
        var job = await FollowAsync(HttpStatusCode.OK, Running, Failed);

        Assert.False(job.HasSucceeded);
        Assert.Equal("The server local is full.", job.Reason);
    }

    [Fact]
    public async Task A_job_that_does_not_go_on_is_reported_as_stuck()
    {
        var stuck = await Assert.ThrowsAsync<LocalServerException>(() => FollowAsync(HttpStatusCode.OK, Running));

        Assert.Contains("provision-demo-1 is running and has not gone on", stuck.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_is_shown_with_its_status_and_body()
    {
        var refusal = await Assert.ThrowsAsync<LocalServerException>(() => FollowAsync(HttpStatusCode.Forbidden, """{"title": "not yours"}"""));

        Assert.Contains("403: {\"title\": \"not yours\"}", refusal.Message, StringComparison.Ordinal);
    }

    private async Task<JobView> FollowAsync(HttpStatusCode status, params string[] bodies)
    {
        using var stub = new JobsStub(status, bodies);
        using var client = new ControlPlaneClient(stub.Address, "token");
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output), Interactive = InteractionSupport.No });
        console.Profile.Width = 1000;
        return await new JobFollower(client, console, TimeSpan.FromMilliseconds(500)).FollowAsync("/api/jobs/provision-demo-1", CancellationToken.None);
    }
}
