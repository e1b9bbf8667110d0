using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.UsageLimits;
using Bibind.Functions.Tests.Hosting;
using Bibind.Functions.Timers;
using Bibind.Functions.Triggers;
using Bibind.Functions.Usage;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests.Usage;

/// <summary>A host that suspends tenants for what they use, and looks for missing backups.</summary>
public sealed class LimitsHost(PostgresServer postgres) : IAsyncLifetime
{
    public ApiHost Host { get; } = new(postgres) { More = ["--Limits:AfterGrace=suspend", "--Backups:Nightly=true", "--Backups:TrialsAtOnce=2", "--Timers:Sweep=false"] };

    public ValueTask InitializeAsync() => Host.InitializeAsync();

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}

/// <summary>What one tick of <c>checkTenants</c> does, and that a second one does no harm.</summary>
public sealed class CheckTenantsTests(LimitsHost fixture) : IClassFixture<LimitsHost>, IAsyncDisposable
{
    private ApiHost Host => fixture.Host;

    public async ValueTask DisposeAsync() => await Host.ExecuteAsync(
        """
        update control.jobs set finished_at = now(), outcome = 'succeeded' where finished_at is null;
        delete from control.tenant_suspensions;
        update control.tenants set state = 'terminated', ended_at = now() where state <> 'terminated';
        """);

    [Fact]
    public async Task A_tenant_that_is_over_its_limit_is_suspended_after_the_grace_and_opened_when_the_limit_is_raised()
    {
        await AddAsync("over", users: 7);
        await TickAsync();
        Assert.Equal(("active", 1), (await StateAsync("over"), await CountAsync("control.notices where kind = 'quota-reached' and tenant_code = 'over' and closed_at is null")));

        await GraceIsOverAsync("over");
        await TickAsync();
        await TickAsync();
        Assert.Equal("suspended", await StateAsync("over"));
        using var shown = await Host.GetAsync("/api/tenants/over");
        var suspension = (await ApiHost.JsonAsync(shown)).GetProperty("suspension");
        Assert.Equal("quota", suspension.GetProperty("cause").GetString());
        Assert.Contains("7 internal users", suspension.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, await CountAsync("control.jobs where tenant_code = 'over' and kind = 'suspend' and requested_by = 'limits'"));

        // The job is over, and the tenant uses what it used.
        await Host.ExecuteAsync("update control.jobs set finished_at = now(), outcome = 'succeeded' where tenant_code = 'over' and finished_at is null; update control.tenant_suspensions set suspended_at = now()");
        await TickAsync();
        Assert.Equal(0, await CountAsync("control.jobs where tenant_code = 'over' and kind = 'resume'"));

        using var raised = await Host.SendAsync(HttpMethod.Patch, "/api/tenants/over", ApiHost.ManagerToken, """{"maxUsers": 8}""", ifMatch: "*");
        await TickAsync();
        await TickAsync();
        Assert.Equal(1, await CountAsync("control.jobs where tenant_code = 'over' and kind = 'resume' and requested_by = 'limits'"));
    }

    [Fact]
    public async Task Nobody_is_suspended_for_a_measurement_that_is_old_or_failed()
    {
        await AddAsync("old", users: 7);
        await AddAsync("failed", users: 7);
        await TickAsync();
        await GraceIsOverAsync("old");
        await GraceIsOverAsync("failed");
        await Host.ExecuteAsync(
            """
            update control.tenant_usage set measured_at = now() - interval '4 hours' where tenant_id = (select id from control.tenants where code = 'old' and state = 'active');
            update control.tenant_usage set failed_at = now(), reason = 'No disk.' where tenant_id = (select id from control.tenants where code = 'failed' and state = 'active');
            """);
        await TickAsync();
        Assert.Equal(("active", "active"), (await StateAsync("old"), await StateAsync("failed")));
    }

    [Fact]
    public async Task A_job_that_is_in_the_way_is_waited_for_and_the_others_are_not_kept()
    {
        await AddAsync("busy", users: 7);
        await AddAsync("idle", users: 7);
        await TickAsync();
        await GraceIsOverAsync("busy");
        await GraceIsOverAsync("idle");
        await Host.ExecuteAsync(
            "insert into control.jobs (id, kind, tenant_id, tenant_code, subject, requested_by, changing, created_at) select 'upgrade-busy', 'upgrade', id, code, code, 'somebody', true, now() from control.tenants where code = 'busy' and state = 'active'");
        await TickAsync();
        Assert.Equal(("active", "suspended"), (await StateAsync("busy"), await StateAsync("idle")));
        await Host.ExecuteAsync("update control.jobs set finished_at = now(), outcome = 'succeeded' where id = 'upgrade-busy'");
        await TickAsync();
        Assert.Equal("suspended", await StateAsync("busy"));
    }

    [Fact]
    public async Task A_missing_backup_is_listed_until_one_arrives()
    {
        await AddAsync("bare", users: 1);
        await Host.ExecuteAsync("update control.tenants set activated_at = now() - interval '2 days' where code = 'bare'");
        await TickAsync();
        await TickAsync();
        var missing = Assert.Single(await ItemsAsync("/api/backups/missing"));
        Assert.Equal(("bare", ApiHost.Server, "daily"), (missing.GetProperty("tenant").GetString(), missing.GetProperty("server").GetString(), missing.GetProperty("schedule").GetString()));
        Assert.Equal(1, await CountAsync("control.notices where kind = 'backup-missing' and closed_at is null"));

        await AddBackupAsync("bare");
        await TickAsync();
        Assert.Empty(await ItemsAsync("/api/backups/missing"));
        Assert.Equal(0, await CountAsync("control.notices where kind = 'backup-missing' and closed_at is null"));
    }

    [Fact]
    public async Task Backups_are_tried_out_by_schedule_a_few_at_once_and_trials_are_listed()
    {
        foreach (var code in new[] { "first", "second", "third" })
        {
            await AddAsync(code, users: 1);
            await AddBackupAsync(code);
        }

        await TickAsync();
        await Host.ExecuteAsync("update control.tenant_checks set due_at = '-infinity' where name = 'trial'");
        await TickAsync(anyTurn: false);
        await TickAsync(anyTurn: false);
        Assert.Equal(2, await CountAsync("control.jobs where kind = 'verify-backup' and finished_at is null"));
        var trials = await ItemsAsync("/api/backups/trials");
        Assert.All(trials, t => Assert.Equal(("trials", System.Text.Json.JsonValueKind.Null), (t.GetProperty("requestedBy").GetString(), t.GetProperty("outcome").ValueKind)));
        Assert.Empty(await ItemsAsync("/api/backups/trials?outcome=failed"));
        Assert.Equal(2, trials.Count);
        Assert.Single(await ItemsAsync($"/api/backups/trials?tenant={trials[0].GetProperty("tenant").GetString()}"));
        using var bad = await Host.GetAsync("/api/backups/trials?outcome=odd");
        await ProblemAssert.IsAsync(bad, System.Net.HttpStatusCode.BadRequest, "bad-query");
    }

    [Fact]
    public async Task Metrics_say_how_many_are_near_their_limits_and_lack_backups()
    {
        await AddAsync("near", users: 4);
        await AddAsync("bare", users: 1);
        await Host.ExecuteAsync("update control.tenants set activated_at = now() - interval '2 days' where code = 'bare'");
        await TickAsync();
        Host.Services.GetRequiredService<TenantCheckMetrics>().Keep(
            await Host.Services.GetRequiredService<LimitStore>().CountAsync(TestContext.Current.CancellationToken),
            await Host.Services.GetRequiredService<MissingBackups>().CountAsync(TestContext.Current.CancellationToken));
        using var answer = await Host.GetAsync("/metrics");
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Matches("(?m)^bibind_limits_reached\\{(?=[^}]*percent=\"80\")(?=[^}]*resource=\"users\")[^}]*\\} 1\\b", text);
        Assert.Matches("(?m)^bibind_backups_missing\\{[^}]*server=\"local\"[^}]*\\} 1\\b", text);
    }

    // As provisioned, and measured just now.
    private async Task AddAsync(string code, int users)
    {
        await Host.OrderTenantAsync(code);
        await Host.ExecuteAsync(
            $"""
            update control.jobs set finished_at = now(), outcome = 'succeeded' where tenant_code = '{code}' and finished_at is null;
            update control.tenants set state = 'active', activated_at = now() where code = '{code}' and state = 'provisioning';
            insert into control.tenant_usage (tenant_id, server_id, due_at, measured_at, users, database_bytes)
            select id, server_id, now(), now(), {users}, 1 from control.tenants where code = '{code}' and state = 'active';
            """);
    }

    private Task AddBackupAsync(string code) => Host.ExecuteAsync(
        $"""
        insert into control.backups (id, tenant_id, kind, key, manifest_key, bytes, sha256, created_at)
        select '{code}-' || id, id, 'scheduled', 'k', 'm', 1, repeat('0', 64), now() from control.tenants where code = '{code}' and state = 'active'
        """);

    private Task GraceIsOverAsync(string code) => Host.ExecuteAsync(
        $"update control.tenant_limits set over_since = now() - interval '8 days', warned_at = now() - interval '8 days' where tenant_id = (select id from control.tenants where code = '{code}' and state = 'active')");

    // Whatever their own moments are, all tenants have their turn for limits and backups.
    private async Task TickAsync(bool anyTurn = true)
    {
        var timer = ActivatorUtilities.CreateInstance<CheckTenants>(Host.Services);
        var moment = DateTimeOffset.UtcNow;
        await timer.RunAsync(new TimerTick("checkTenants", moment), TestContext.Current.CancellationToken);
        if (anyTurn)
        {
            await Host.ExecuteAsync("update control.tenant_checks set due_at = '-infinity' where name <> 'trial'");
            await timer.RunAsync(new TimerTick("checkTenants", moment), TestContext.Current.CancellationToken);
        }
    }

    private Task<string> StateAsync(string code) => Host.ScalarAsync<string>($"select state from control.tenants where code = '{code}' and state <> 'terminated'");

    private async Task<int> CountAsync(string what) => (int)await Host.ScalarAsync<long>($"select count(*) from {what}");

    private async Task<List<System.Text.Json.JsonElement>> ItemsAsync(string path)
    {
        using var answer = await Host.GetAsync(path);
        return [.. (await ApiHost.JsonAsync(answer)).GetProperty("items").EnumerateArray()];
    }
}
