using Bibind.Functions.Tests.Hosting;
using Xunit;

namespace Bibind.Functions.Tests.Cli;

/// <summary>Jobs are steered, tokens made and changes looked up from the command line.</summary>
public sealed class CliSteeringTests(ApiHost host) : IClassFixture<ApiHost>, IDisposable
{
    private readonly CliProgram _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task A_job_is_paused_resumed_and_followed()
    {
        var job = await host.OrderTenantAsync("paused");
        var paused = await RunAsync(ApiHost.ManagerToken, "jobs", "pause", job, "--reason", "maintenance of the network");
        await host.WaitAsync($"/api/jobs/{job}", j => j.GetProperty("state").GetString() == "suspended");
        var resumed = await RunAsync(ApiHost.ManagerToken, "jobs", "resume", job, "--no-wait");
        await host.Tasks.RaiseEventAsync(job, ScriptedOrchestrators.End, "");
        var watched = await RunAsync(ApiHost.ViewerToken, "jobs", "watch", job);

        Assert.Equal((0, 0, 0), (paused.ExitCode, resumed.ExitCode, watched.ExitCode));
        Assert.Contains("pause by sales: maintenance of the network", watched.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_jobs_are_steered_by_a_filter_and_how_many_is_said_first()
    {
        var jobs = new[] { await host.OrderTenantAsync("bulk-a"), await host.OrderTenantAsync("bulk-b") };
        var preview = await RunAsync(ApiHost.ManagerToken, "jobs", "bulk", "pause", "--text", "bulk-", "--dry-run");
        var unasked = await RunAsync(ApiHost.ManagerToken, "jobs", "bulk", "pause", "--text", "bulk-");
        var done = await RunAsync(ApiHost.ManagerToken, "jobs", "bulk", "pause", "--text", "bulk-", "--yes");

        Assert.Equal((0, 2, 0), (preview.ExitCode, unasked.ExitCode, done.ExitCode));
        Assert.Matches(@"(?m)^MATCHED +2$", preview.Output);
        Assert.Matches(@"(?m)^ACCEPTED +2$", done.Output);
        foreach (var job in jobs)
        {
            await host.WaitAsync($"/api/jobs/{job}", j => j.GetProperty("state").GetString() == "suspended");
        }
    }

    [Fact]
    public async Task A_viewer_steers_nothing()
    {
        var job = await host.OrderTenantAsync("viewed");
        var refused = await RunAsync(ApiHost.ViewerToken, "jobs", "cancel", job, "--yes");

        Assert.Equal(3, refused.ExitCode);
    }

    [Fact]
    public async Task A_token_is_made_used_and_revoked_and_the_audit_tells()
    {
        var made = await RunAsync(ApiHost.AdminToken, "tokens", "create", "night-shift", "--role", "viewer", "-o", "name");
        var token = made.Output.Trim();
        var used = await RunAsync(token, "jobs", "list");
        var id = await host.ScalarAsync<long>("select id from control.operator_tokens where name = 'night-shift'");
        var revoked = await RunAsync(ApiHost.AdminToken, "tokens", "revoke", $"{id}", "--yes");
        var audit = await RunAsync(ApiHost.AdminToken, "audit", "--filter", "who=operator");

        Assert.Equal((0, 0, 0, 0), (made.ExitCode, used.ExitCode, revoked.ExitCode, audit.ExitCode));
        Assert.Contains("POST /api/operator-tokens", audit.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(token, audit.Output, StringComparison.Ordinal);
    }

    private Task<CliResult> RunAsync(string token, params string[] arguments) =>
        _cli.RunAsync(new Dictionary<string, string> { ["BIBIND_URL"] = host.Address.ToString(), ["BIBIND_TOKEN"] = token }, arguments);
}
