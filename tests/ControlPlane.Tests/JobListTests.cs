using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Dapper;

namespace Bibind.ControlPlane.Tests;

/// <summary>Lists of very many jobs find their index, and cancelled jobs are closed as such.</summary>
public sealed class JobListTests(PostgresCluster cluster)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_filter_finds_its_index_among_very_many_jobs()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await using var connection = await plane.Database.OpenConnectionAsync(Token);
        await connection.ExecuteAsync(
            """
            insert into control.jobs (id, kind, tenant_code, subject, requested_by, changing, created_at, finished_at, outcome)
            select 'job-' || n, case when n % 1000 = 0 then 'restore' else 'backup' end, 'tenant-' || n % 5000, 'something', 'sweep', false,
                   now() - n * interval '1 minute', now() - n * interval '1 minute' + interval '5 seconds', case when n % 700 = 0 then 'failed' else 'succeeded' end
            from generate_series(1, 200000) n;
            analyze control.jobs;
            """);
        JobFilter[] filters =
        [
            new(), new() { Outcome = "failed" }, new() { Kind = "restore" }, new() { Kind = "restore", Outcome = "failed" }, new() { TenantCode = "tenant-17" },
            new() { Open = true }, new() { From = DateTimeOffset.UtcNow.AddDays(-1) }, new() { To = DateTimeOffset.UtcNow.AddDays(-100) },
            new() { Text = "JOB-1999" }, new() { MinDuration = TimeSpan.FromHours(1) }, new() { Text = "nowhere", Kind = "backup" },
        ];
        foreach (var filter in filters)
        {
            foreach (var sql in new[] { $"select j.* {filter.FromSql()} {JobStore.NewestFirst} limit 50", $"select count(*) from (select {filter.FromSql()} {JobStore.NewestFirst} limit 10000) c" })
            {
                var plan = string.Join('\n', await connection.QueryAsync<string>($"explain {sql}", filter.Parameters(DateTimeOffset.UtcNow)));
                Assert.False(plan.Contains("Seq Scan on jobs", StringComparison.Ordinal), $"{filter}\n{plan}");
            }
        }

        var all = await plane.Jobs.ListAsync(new JobFilter(), new PageRequest(1, 50), Token);
        Assert.Equal((JobStore.MostCounted, 50, "job-1"), ((int)all.Total, all.Items.Count, all.Items[0].Id));
        var found = await plane.Jobs.ListAsync(new JobFilter { Text = "JOB-1999" }, new PageRequest(1, 50), Token);
        Assert.Equal(["job-1999", "job-19990"], found.Items.Take(2).Select(j => j.Id));
        Assert.Equal(200, (await plane.Jobs.ListAsync(new JobFilter { Kind = "restore" }, new PageRequest(1, 50), Token)).Total);
        Assert.Equal(0, (await plane.Jobs.ListAsync(new JobFilter { MinDuration = TimeSpan.FromMinutes(1) }, new PageRequest(1, 50), Token)).Total);
    }

    [Fact]
    public async Task A_job_that_was_cancelled_is_closed_as_such_unless_it_had_succeeded()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var undone = await plane.MustReserveAsync("undone");
        var done = await plane.MustReserveAsync("done");
        foreach (var job in new[] { undone.JobId, done.JobId })
        {
            await using var connection = await plane.Database.OpenConnectionAsync(Token);
            await using var transaction = await connection.BeginTransactionAsync(Token);
            await plane.Get<JobActions>().MarkCancelledAsync(connection, transaction, job, Token);
            await plane.Get<JobActions>().RecordAsync(connection, transaction, job, JobActionKinds.Cancel, "anna", "twice", Token);
            await transaction.CommitAsync(Token);
        }

        await plane.Jobs.FinishAsync(undone.JobId, new JobEnd { Outcome = JobOutcomes.Failed, Reason = $"{JobReasons.EndedFromOutside} It is as it was." }, Token);
        await plane.Jobs.FinishAsync(done.JobId, new JobEnd { Outcome = JobOutcomes.Succeeded }, Token);

        var closed = await plane.Jobs.FindAsync(undone.JobId, Token);
        Assert.Equal((JobOutcomes.Cancelled, "The job was cancelled. It is as it was."), (closed!.Outcome, closed.Reason));
        Assert.Equal(JobOutcomes.Succeeded, (await plane.Jobs.FindAsync(done.JobId, Token))!.Outcome);
        var action = Assert.Single(await plane.Get<JobActions>().ListAsync(undone.JobId, Token));
        Assert.Equal(("anna", "cancel", "twice"), (action.Who, action.Action, action.Reason));
    }
}
