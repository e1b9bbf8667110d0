using Bibind.ControlPlane.Notices;
using Bibind.ControlPlane.Tenants;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.ControlPlane.Backups;

/// <summary>A tenant that lacks a recent backup.</summary>
public sealed record MissingBackup
{
    public string Tenant { get; init; } = string.Empty;
    public string Server { get; init; } = string.Empty;
    public string Plan { get; init; } = string.Empty;

    /// <summary>The plan's, <c>daily</c> or <c>weekly</c>.</summary>
    public string Schedule { get; init; } = string.Empty;

    /// <summary>The tenant's.</summary>
    public string State { get; init; } = string.Empty;

    /// <summary>When its newest good backup was taken; null if it has none.</summary>
    public DateTimeOffset? LastAt { get; init; }

    /// <summary>When the next one should have been there.</summary>
    public DateTimeOffset ExpectedBy { get; init; }

    /// <summary>When this was found.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>What became of the last attempt, in words.</summary>
    public string Reason { get; init; } = string.Empty;
}

/// <summary>How many tenants of a server lack a recent backup.</summary>
public sealed record MissingBackupCount(string Server, int Tenants);

/// <summary>
/// Looks which tenants lack a recent backup, by batches of tenants that no other machine has. A good backup is one whose last trial did not fail; what an
/// upgrade, a move or a rehearsal keeps for a while does not count.
/// </summary>
public sealed class MissingBackups(NpgsqlDataSource database, TenantChecks checks, INotices notices, TimeProvider time, ILogger<MissingBackups> logger)
{
    // After a weekend without a worker all of them are missing: nobody reads ten thousand letters.
    private const int ToldOneByOne = 100;
    private const long CountLock = 0x6d697373696e67;

    private const string FoundSql =
        """
        select d.*, m.tenant_id is not null as was_missing, j.id as job_id, j.outcome, j.reason as job_reason
        from (
          select t.id, t.code, t.state, b.created_at as last_at,
                 coalesce(b.created_at, t.activated_at, t.created_at) + case p.backup_schedule when 'weekly' then interval '7 days' else interval '1 day' end + @tolerance as expected_by
          from control.tenants t
          join control.plan_versions p on p.code = t.plan and p.version = t.plan_version
          left join lateral (
            select b.created_at from control.backups b
            where b.tenant_id = t.id and b.kind in ('first', 'manual', 'scheduled') and b.trial_failure is null
            order by b.created_at desc limit 1) b on true
          where t.id = any(@ids) and t.state in ('active', 'suspended')) d
        left join control.missing_backups m on m.tenant_id = d.id
        left join lateral (
          select j.id, j.outcome, j.reason from control.jobs j
          where d.expected_by <= @now and m.tenant_id is null and j.tenant_id = d.id and j.kind in ('backup', 'first-backup')
          order by j.created_at desc, j.id desc limit 1) j on true
        where (d.expected_by <= @now) or m.tenant_id is not null
        """;

    private const string CountSql = "select count(*) from control.missing_backups";

    private const string ListFrom =
        """
        from control.missing_backups m
        join control.tenants t on t.id = m.tenant_id
        join control.servers s on s.id = t.server_id
        join control.plan_versions p on p.code = t.plan and p.version = t.plan_version
        """;

    /// <summary>Looks at all whose turn it is; answers how many are missing now that were not, or the other way round.</summary>
    /// <param name="period">How often each tenant is looked at.</param>
    /// <param name="tolerance">How much later than its plan's schedule says a backup may come.</param>
    /// <param name="moment">The moment of the schedule.</param>
    /// <param name="cancellationToken">Ends the round.</param>
    public async Task<int> RunAsync(TimeSpan period, TimeSpan tolerance, DateTimeOffset moment, CancellationToken cancellationToken)
    {
        await checks.ForgetEndedAsync("missing_backups", NoticeKinds.BackupMissing, time.GetUtcNow(), cancellationToken);
        await CloseManyAsync(cancellationToken);
        return await checks.RunAsync(
            TenantCheckNames.Backups, moment, period, (connection, transaction, taken) => LookAsync(connection, transaction, taken, tolerance, cancellationToken), cancellationToken);
    }

    /// <summary>Tenants that lack one, the longest first.</summary>
    public async Task<Page<MissingBackup>> ListAsync(PageRequest page, CancellationToken cancellationToken)
    {
        page = page.Checked();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command(CountSql, null, cancellationToken));
        var items = await connection.QueryAsync<MissingBackup>(Sql.Command(
            $"""
            select t.code as tenant, s.code as server, t.plan, p.backup_schedule as schedule, t.state, m.last_at, m.expected_by, m.since, m.reason
            {ListFrom} order by m.since, m.tenant_id offset @Offset limit @Size
            """,
            new { page.Offset, page.Size }, cancellationToken));
        return new Page<MissingBackup>(items.AsList(), total, page.Number, page.Size);
    }

    /// <summary>How many there are, by server.</summary>
    public async Task<IReadOnlyList<MissingBackupCount>> CountAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<MissingBackupCount>(Sql.Command(
            $"select s.code as server, count(*)::int as tenants {ListFrom} group by s.code order by s.code", null, cancellationToken))).AsList();
    }

    private async Task<int> LookAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<long> tenants, TimeSpan tolerance, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var found = (await connection.QueryAsync<Found>(Sql.Command(FoundSql, new { ids = tenants.ToArray(), now, tolerance }, transaction, cancellationToken))).AsList();
        foreach (var there in found.Where(f => f.ExpectedBy > now))
        {
            await connection.ExecuteAsync(Sql.Command("delete from control.missing_backups where tenant_id = @Id", new { there.Id }, transaction, cancellationToken));
            await notices.CloseAsync(connection, transaction, Notice.BackupMissing(there.Id, null, string.Empty), cancellationToken);
            Logs.BackupThereAgain(logger, there.Code);
        }

        var missing = found.Where(f => f.ExpectedBy <= now && !f.WasMissing).ToList();
        var known = missing.Count == 0 ? 0 : await CountAloneAsync(connection, transaction, cancellationToken);
        foreach (var one in missing)
        {
            await connection.ExecuteAsync(Sql.Command(
                "insert into control.missing_backups (tenant_id, last_at, expected_by, since, reason) values (@Id, @LastAt, @ExpectedBy, @now, @Reason)",
                new { one.Id, one.LastAt, one.ExpectedBy, now, one.Reason }, transaction, cancellationToken));
            known++;
            await notices.RaiseAsync(
                connection, transaction, known <= ToldOneByOne ? Notice.BackupMissing(one.Id, one.LastAt, one.Reason) : Notice.BackupsMissing(known), cancellationToken);
            Logs.BackupMissing(logger, one.Code, one.ExpectedBy, one.Reason);
        }

        return missing.Count + found.Count(f => f.ExpectedBy > now);
    }

    // One batch after the other counts and adds, on whatever machine.
    private static async Task<long> CountAloneAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        await connection.ExecuteAsync(Sql.Command("select pg_advisory_xact_lock(@CountLock)", new { CountLock }, transaction, cancellationToken));
        return await connection.ExecuteScalarAsync<long>(Sql.Command(CountSql, null, transaction, cancellationToken));
    }

    private async Task CloseManyAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await connection.ExecuteScalarAsync<long>(Sql.Command(CountSql, null, transaction, cancellationToken)) <= ToldOneByOne / 2)
        {
            await notices.CloseAsync(connection, transaction, Notice.BackupsMissing(0), cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private sealed record Found
    {
        public long Id { get; init; }
        public string Code { get; init; } = string.Empty;
        public DateTimeOffset? LastAt { get; init; }
        public DateTimeOffset ExpectedBy { get; init; }
        public bool WasMissing { get; init; }
        public string? JobId { get; init; }
        public string? Outcome { get; init; }
        public string? JobReason { get; init; }

        public string Reason => this switch
        {
            { JobId: null } => "No backup of it has been begun: look whether a worker runs and Backups__Nightly is on.",
            { Outcome: null } => $"Job '{JobId}' has been begun and has not ended.",
            { Outcome: Jobs.JobOutcomes.Failed } => $"Job '{JobId}' has failed: {JobReason ?? "it did not say why."}",
            _ => $"Job '{JobId}' was the last one, and none has been begun since, or a trial of its backup failed: look whether a worker runs and Backups__Nightly is on.",
        };
    }
}
