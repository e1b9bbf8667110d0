using System.Diagnostics;
using System.Globalization;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Tenants;

namespace Bibind.ControlPlane.Tests;

/// <summary>Tenants without a recent backup, told once; <c>TENANTS</c> says how many there are.</summary>
public sealed class MissingBackupsTests(PostgresCluster postgres)
{
    private static readonly int Many = int.TryParse(Environment.GetEnvironmentVariable("TENANTS"), CultureInfo.InvariantCulture, out var many) ? many : 3000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_tenant_without_a_recent_good_backup_is_told_once_and_no_more_when_one_arrives()
    {
        await using var plane = await PlaneAsync();
        Assert.Equal(0, await RoundAsync(plane));
        await plane.ExecuteAsync("update control.tenants set activated_at = now() - interval '31 hours'");
        Assert.Equal(1, await RoundAsync(plane));
        Assert.Equal(0, await RoundAsync(plane));
        Assert.Equal(["never No backup of it has been begun: look whether a worker runs and Backups__Nightly is on."], await OpenAsync(plane));

        await AddAsync(plane, "b1", "1 hour");
        Assert.Equal(1, await RoundAsync(plane));
        Assert.Empty(await OpenAsync(plane));
        Assert.Empty((await plane.Get<MissingBackups>().ListAsync(PageRequest.First, Token)).Items);

        // One that did not pass its trial, and what is kept for a while, do not count.
        await plane.ExecuteAsync("update control.backups set trial_failure = 'It is damaged.'");
        await AddAsync(plane, "b2", "1 hour", "upgrade");
        await AddAsync(plane, "b3", "32 hours");
        await plane.ExecuteAsync(
            "insert into control.jobs (id, kind, tenant_id, tenant_code, subject, requested_by, created_at, finished_at, outcome, reason) select 'nightly-1', 'backup', id, code, code, 'nightly', now(), now(), 'failed', 'No disk.' from control.tenants");
        Assert.Equal(1, await RoundAsync(plane));
        var missing = Assert.Single((await plane.Get<MissingBackups>().ListAsync(PageRequest.First, Token)).Items);
        Assert.Equal(("t1", "odoo-1", "daily", "Job 'nightly-1' has failed: No disk."), (missing.Tenant, missing.Server, missing.Schedule, missing.Reason));
        Assert.Equal(missing.LastAt!.Value.AddHours(30), missing.ExpectedBy);
        Assert.Equal(1, Assert.Single(await plane.Get<MissingBackups>().CountAsync(Token)).Tenants);
    }

    [Fact]
    public async Task A_plan_of_weekly_backups_has_a_week_and_a_tenant_that_is_worked_on_or_has_ended_is_left_alone()
    {
        await using var plane = await PlaneAsync();
        await plane.ExecuteAsync("update control.plans set backup_schedule = 'weekly' where code = 'starter'; update control.tenants set plan_version = 2, activated_at = now() - interval '7 days'");
        Assert.Equal(0, await RoundAsync(plane));
        await plane.ExecuteAsync("update control.tenants set activated_at = now() - interval '8 days', state = 'restoring'");
        Assert.Equal(0, await RoundAsync(plane));
        await plane.ExecuteAsync("update control.tenants set state = 'suspended'");
        Assert.Equal(1, await RoundAsync(plane));
        await plane.ExecuteAsync("update control.tenants set state = 'terminated', ended_at = now()");
        await RoundAsync(plane);
        Assert.Empty(await OpenAsync(plane));
        Assert.Empty((await plane.Get<MissingBackups>().ListAsync(PageRequest.First, Token)).Items);
    }

    [Fact]
    public async Task Thousands_are_looked_at_by_several_machines_at_once_and_each_is_told_once()
    {
        await using var plane = await postgres.NewPlaneAsync();
        await plane.FillAsync(Many);
        await plane.ExecuteAsync(
            """
            update control.tenants set activated_at = now() - interval '30 days';
            insert into control.backups (id, tenant_id, kind, key, manifest_key, bytes, sha256, created_at)
            select t.id || '-' || d, t.id, 'scheduled', 'k', 'm', 1, repeat('0', 64), now() - d * interval '1 day' - case when t.id % 10 = 0 then interval '2 days' else interval '1 hour' end
            from control.tenants t, generate_series(0, 6) d;
            analyze control.backups;
            """);
        var missing = plane.Get<MissingBackups>();
        var moment = DateTimeOffset.UtcNow;
        await RunAsync(missing, moment.AddMinutes(-15));
        var watch = Stopwatch.StartNew();

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => RunAsync(missing, moment.AddMinutes(1)), Token)));
        var told = watch.ElapsedMilliseconds;
        Assert.Equal(0, await RunAsync(missing, moment.AddMinutes(20)));
        var quiet = watch.ElapsedMilliseconds - told;

        Assert.Equal(Many / 10, (await missing.ListAsync(PageRequest.First, Token)).Total);
        Assert.Equal(100, await plane.ScalarAsync<int>("select count(*)::int from control.notices where tenant_id is not null"));
        Assert.Equal(1, await plane.ScalarAsync<int>("select count(*)::int from control.notices where tenant_id is null and cause = 'many' and closed_at is null"));
        await plane.ExecuteAsync("update control.backups set created_at = now(); update control.tenant_checks set due_at = '-infinity'");
        Assert.Equal(Many / 10, await RunAsync(missing, moment.AddMinutes(40)));
        await RunAsync(missing, moment.AddMinutes(40));
        Assert.Equal(0, await plane.ScalarAsync<int>("select count(*)::int from control.notices where closed_at is null"));
        TestContext.Current.SendDiagnosticMessage($"{Many} tenants, {Many * 7} backups: {Many / 10} told {told} ms, all looked at and none told {quiet} ms");
    }

    private static Task<int> RunAsync(MissingBackups missing, DateTimeOffset moment) => missing.RunAsync(TimeSpan.FromMinutes(15), TimeSpan.FromHours(6), moment, Token);

    private static async Task<int> RoundAsync(TestPlane plane)
    {
        await plane.Get<TenantChecks>().SyncAsync(TenantCheckNames.Backups, DateTimeOffset.UtcNow, TimeSpan.FromMinutes(15), TestContext.Current.CancellationToken);
        await plane.ExecuteAsync("update control.tenant_checks set due_at = '-infinity'");
        return await RunAsync(plane.Get<MissingBackups>(), DateTimeOffset.UtcNow.AddMinutes(15));
    }

    private static Task<IReadOnlyList<string>> OpenAsync(TestPlane plane) => plane.QueryAsync(
        "select concat_ws(' ', data ->> 'last', data ->> 'reason') from control.notices where kind = 'backup-missing' and closed_at is null");

    private static Task AddAsync(TestPlane plane, string id, string age, string kind = "scheduled") => plane.ExecuteAsync(
        $"insert into control.backups (id, tenant_id, kind, key, manifest_key, bytes, sha256, created_at) select '{id}', id, '{kind}', 'k', 'm', 1, repeat('0', 64), now() - interval '{age}' from control.tenants");

    private async Task<TestPlane> PlaneAsync()
    {
        var plane = await postgres.NewPlaneAsync();
        await plane.FillAsync(1);
        return plane;
    }
}
