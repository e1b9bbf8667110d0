using Bibind.Contracts;
using Bibind.ControlPlane.Backups;

namespace Bibind.ControlPlane.Tests;

/// <summary>Whose newest backup is tried out, and when.</summary>
public sealed class TrialScheduleTests(PostgresCluster postgres)
{
    private static readonly TimeSpan Month = TimeSpan.FromDays(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_tenants_newest_backup_is_tried_once_a_month_a_few_at_once()
    {
        await using var plane = await PlaneAsync(5);
        var moment = DateTimeOffset.UtcNow;
        Assert.Null(await OpenAsync(plane, moment));
        await plane.ExecuteAsync("delete from control.backups where tenant_id = (select max(id) from control.tenants)");
        var due = moment + Month;

        var first = await MustOpenAsync(plane, due);
        var second = await MustOpenAsync(plane, due);
        Assert.Null(await OpenAsync(plane, due));
        Assert.All([first, second], t => Assert.EndsWith("-new", t.BackupId, StringComparison.Ordinal));
        Assert.NotEqual(first.Job.TenantId, second.Job.TenantId);

        await EndAsync(plane, first);
        await EndAsync(plane, second);
        await EndAsync(plane, await MustOpenAsync(plane, due));
        await EndAsync(plane, await MustOpenAsync(plane, due));

        // The fifth has no backup: its turn stays.
        Assert.Null(await OpenAsync(plane, due));
        await EndAsync(plane, await MustOpenAsync(plane, due + Month));
        Assert.Equal(1, await plane.ScalarAsync<int>($"select count(*)::int from control.tenant_checks where name = 'trial' and due_at <= '{due:O}'"));
        var trials = await plane.Get<TrialSchedule>().ListAsync(new BackupTrialFilter { Outcome = "succeeded" }, PageRequest.First, Token);
        Assert.Equal((5, "trials"), (trials.Total, trials.Items[0].RequestedBy));
        Assert.Contains("\"rows\"", trials.Items[0].Receipt, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(1, (await plane.Get<TrialSchedule>().ListAsync(new BackupTrialFilter { Tenant = first.Job.Code }, PageRequest.First, Token)).Items.Count(t => t.Job == first.Job.JobId));
    }

    [Fact]
    public async Task A_trial_that_fails_is_told_and_comes_again_the_next_day()
    {
        await using var plane = await PlaneAsync(1);
        var due = DateTimeOffset.UtcNow + Month;
        var trial = await MustOpenAsync(plane, due);
        await plane.Get<BackupJobEnding>().EndVerifyAsync(new VerifyEnd(trial.Job.JobId, null, "The archive is damaged."), Token);
        await plane.Get<BackupJobEnding>().EndVerifyAsync(new VerifyEnd(trial.Job.JobId, null, "The archive is damaged."), Token);

        Assert.Equal(["job-failed The archive is damaged."], await plane.QueryAsync("select concat_ws(' ', kind, data ->> 'reason') from control.notices"));
        Assert.Equal(1, await plane.ScalarAsync<int>("select count(*)::int from control.tenant_checks where name = 'trial' and due_at between now() + interval '23 hours' and now() + interval '25 hours'"));
        Assert.Equal("failed", Assert.Single((await plane.Get<TrialSchedule>().ListAsync(new BackupTrialFilter(), PageRequest.First, Token)).Items).Outcome);
    }

    [Fact]
    public async Task A_tenant_that_a_job_changes_is_passed_over_and_one_that_somebody_else_tries_too()
    {
        await using var plane = await PlaneAsync(2);
        await plane.ExecuteAsync(
            """
            insert into control.jobs (id, kind, tenant_id, tenant_code, subject, requested_by, changing, created_at)
            select 'upgrade-1', 'upgrade', min(id), 't1', 't1', 'somebody', true, now() from control.tenants;
            insert into control.jobs (id, kind, tenant_id, tenant_code, subject, requested_by, changing, created_at)
            select 'verify-1', 'verify-backup', max(id), 't2', 'other', 'somebody', false, now() from control.tenants;
            """);
        Assert.Null(await OpenAsync(plane, DateTimeOffset.UtcNow + Month));
        await plane.ExecuteAsync("update control.jobs set finished_at = now(), outcome = 'succeeded'");
        await MustOpenAsync(plane, DateTimeOffset.UtcNow + Month);
    }

    [Fact]
    public async Task Machines_that_look_at_once_start_no_more_than_may_run()
    {
        await using var plane = await PlaneAsync(20);
        var due = DateTimeOffset.UtcNow + Month;
        await plane.Get<TrialSchedule>().SyncAsync(Month, due, Token);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () => await OpenAsync(plane, due), Token)));
        await OpenAsync(plane, due);
        await OpenAsync(plane, due);
        Assert.Equal(2, await plane.ScalarAsync<int>("select count(*)::int from control.jobs where kind = 'verify-backup'"));
    }

    [Fact]
    public async Task A_trial_that_was_ended_from_outside_is_closed_and_says_nothing_of_the_backup()
    {
        await using var plane = await PlaneAsync(1);
        var trial = await MustOpenAsync(plane, DateTimeOffset.UtcNow + Month);

        // No orchestration of this id was ever started here, as if it had been purged.
        var closed = await plane.Get<TrialSchedule>().CloseAbandonedAsync(Token);
        Assert.Equal(0, await plane.Get<TrialSchedule>().CloseAbandonedAsync(Token));

        Assert.Equal(1, closed);
        Assert.Equal("failed", (await plane.Jobs.FindAsync(trial.Job.JobId, Token))!.Outcome);
        Assert.Equal(0, await plane.ScalarAsync<int>("select count(*)::int from control.backups where trial_failure is not null"));
    }

    private static async Task<(BackupJobOpened Job, string BackupId)> MustOpenAsync(TestPlane plane, DateTimeOffset moment) =>
        await OpenAsync(plane, moment) ?? throw new InvalidOperationException("No trial was opened.");

    private static Task<(BackupJobOpened Job, string BackupId)?> OpenAsync(TestPlane plane, DateTimeOffset moment) =>
        plane.InTransactionAsync((c, t) => plane.Get<TrialSchedule>().OpenNextAsync(c, t, Month, 2, moment, Token));

    private static Task EndAsync(TestPlane plane, (BackupJobOpened Job, string BackupId) trial) => plane.Get<BackupJobEnding>().EndVerifyAsync(
        new VerifyEnd(
            trial.Job.JobId,
            new BackupReceipt
            {
                BackupId = trial.BackupId,
                VerifiedAt = DateTimeOffset.UtcNow,
                StoredSha256 = "s",
                DumpSha256 = "d",
                DumpBytes = 1,
                Tables = 1,
                Rows = new Dictionary<string, long> { ["res_users"] = 2 },
                PostgresMajor = 15,
            },
            null),
        Token);

    private async Task<TestPlane> PlaneAsync(int tenants)
    {
        var plane = await postgres.NewPlaneAsync();
        await plane.FillAsync(tenants);
        await plane.ExecuteAsync(
            """
            insert into control.backups (id, tenant_id, kind, key, manifest_key, bytes, sha256, created_at)
            select t.id || b.suffix, t.id, b.kind, 'k', 'm', 1, repeat('0', 64), now() - b.age
            from control.tenants t,
              (values ('-old', 'first', interval '2 days'), ('-new', 'scheduled', interval '1 day'), ('-upgrade', 'upgrade', interval '1 hour')) b (suffix, kind, age)
            """);
        await plane.Get<TrialSchedule>().SyncAsync(Month, DateTimeOffset.UtcNow, Token);
        return plane;
    }
}
