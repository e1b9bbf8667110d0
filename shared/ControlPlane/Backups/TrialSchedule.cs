using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Backups;

/// <summary>A trial of a backup, as its job tells it.</summary>
public sealed record BackupTrial
{
    public string Job { get; init; } = string.Empty;
    public string? Tenant { get; init; }
    public string Backup { get; init; } = string.Empty;

    /// <summary>Who ordered it; <see cref="TrialSchedule.By"/> for those by schedule.</summary>
    public string RequestedBy { get; init; } = string.Empty;
    public DateTimeOffset StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>One of <see cref="JobOutcomes"/>; null while it runs.</summary>
    public string? Outcome { get; init; }

    /// <summary>Why it failed.</summary>
    public string? Reason { get; init; }

    /// <summary>JSON text of a <see cref="BackupReceipt"/>; null unless it went well.</summary>
    public string? Receipt { get; init; }
}

/// <summary>Which trials are wanted; null means any.</summary>
public sealed record BackupTrialFilter
{
    public string? Tenant { get; init; }

    /// <summary>One of <see cref="JobOutcomes"/>.</summary>
    public string? Outcome { get; init; }
}

/// <summary>Says whose newest backup is tried out next, and tells the trials there were.</summary>
public sealed class TrialSchedule(NpgsqlDataSource database, TenantChecks checks, AbandonedJobs abandoned, BackupJobOpening opening, JobStore jobs)
{
    /// <summary>Who orders the trials.</summary>
    public const string By = "trials";

    /// <summary>How soon a tenant's then newest backup is tried out after a trial that failed.</summary>
    internal static readonly TimeSpan RetryDelay = TimeSpan.FromDays(1);

    private const long OpenLock = 0x747269616c73;

    // A tenant without a backup, or one that a job changes, keeps its turn.
    private const string NextSql =
        """
        select c.tenant_id, b.id as backup_id
        from control.tenant_checks c
        join control.tenants t on t.id = c.tenant_id
        join lateral (
          select b.id from control.backups b
          where b.tenant_id = t.id and b.kind in ('first', 'manual', 'scheduled') order by b.created_at desc, b.id desc limit 1) b on true
        where c.name = 'trial' and c.due_at <= @moment and t.state in ('active', 'suspended')
          and not exists (select from control.jobs j where j.tenant_id = t.id and j.finished_at is null and (j.changing or j.kind = 'verify-backup'))
        order by c.due_at, c.tenant_id limit 1
        """;

    /// <summary>Brings the schedule up to date.</summary>
    public Task SyncAsync(TimeSpan period, DateTimeOffset moment, CancellationToken cancellationToken) =>
        checks.SyncAsync(TenantCheckNames.Trial, moment, period, cancellationToken);

    /// <summary>
    /// Opens the next trial in the caller's transaction; null if none is due, as many run as may, or another machine is at it.
    /// </summary>
    public async Task<(BackupJobOpened Job, string BackupId)?> OpenNextAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, TimeSpan period, int atOnce, DateTimeOffset moment, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);

        // Until the transaction ends nobody else counts.
        var isOurs = await connection.ExecuteScalarAsync<bool>(Sql.Command(
            """
            select pg_try_advisory_xact_lock(@OpenLock)
              and (select count(*) from control.jobs where kind = 'verify-backup' and finished_at is null and requested_by = @By) < @atOnce
            """,
            new { OpenLock, By, atOnce }, transaction, cancellationToken));
        if (!isOurs || await connection.QuerySingleOrDefaultAsync<Next>(Sql.Command(NextSql, new { moment }, transaction, cancellationToken)) is not { } next)
        {
            return null;
        }

        // Whatever becomes of it, the others have their turn.
        await TenantChecks.TakeOneAsync(connection, transaction, TenantCheckNames.Trial, next.TenantId, moment, period, cancellationToken);
        return await opening.OpenVerifyAsync(connection, transaction, next.BackupId, By, cancellationToken) is BackupJobOpened opened ? (opened, next.BackupId) : null;
    }

    /// <summary>Closes trials whose orchestration was ended from outside; answers how many. They say nothing of the backup.</summary>
    public async Task<int> CloseAbandonedAsync(CancellationToken cancellationToken)
    {
        var closed = 0;
        foreach (var job in await abandoned.FindAsync([JobKinds.VerifyBackup], cancellationToken))
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

            // It may have closed its job and ended between the two looks.
            if (await connection.ExecuteScalarAsync<bool?>(Sql.Command(
                "select true from control.jobs where id = @Id and finished_at is null for update", new { job.Id }, transaction, cancellationToken)) is true)
            {
                await jobs.FinishAsync(
                    connection, transaction, job.Id, new JobEnd { Outcome = JobOutcomes.Failed, Reason = JobReasons.EndedFromOutside }, cancellationToken);
                closed++;
            }

            await transaction.CommitAsync(cancellationToken);
        }

        return closed;
    }

    /// <summary>Trials by page, newest first.</summary>
    public async Task<Page<BackupTrial>> ListAsync(BackupTrialFilter filter, PageRequest page, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        const string Where =
            """
            from control.jobs
            where kind = 'verify-backup' and (@Tenant::text is null or tenant_code = @Tenant) and (@Outcome::text is null or outcome = @Outcome)
            """;
        page = page.Checked();
        var parameters = new { filter.Tenant, filter.Outcome, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) {Where}", parameters, cancellationToken));
        var items = await connection.QueryAsync<BackupTrial>(Sql.Command(
            $"""
            select id as job, tenant_code as tenant, subject as backup, requested_by, created_at as started_at, finished_at as ended_at, outcome, reason,
                   result::text as receipt
            {Where} order by created_at desc, id desc offset @Offset limit @Size
            """,
            parameters, cancellationToken));
        return new Page<BackupTrial>(items.AsList(), total, page.Number, page.Size);
    }

    private sealed record Next
    {
        public long TenantId { get; init; }
        public string BackupId { get; init; } = string.Empty;
    }
}
