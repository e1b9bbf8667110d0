using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Dapper;
using Npgsql;
using static Bibind.ControlPlane.Backups.BackupJobRefusalKind;

namespace Bibind.ControlPlane.Backups;

/// <summary>Opens the jobs of backups, restores and trials, in the caller's transaction; the tenant's row is locked first.</summary>
public sealed class BackupJobOpening(NpgsqlDataSource database, JobStore jobs, JobOrchestrations orchestrations)
{
    private const string BackupInTheWaySql =
        """
        select id from control.jobs
        where tenant_id = @Id and finished_at is null and (changing or kind = 'backup')
        order by changing desc, created_at limit 1
        """;

    private const string TrialInTheWaySql =
        "select id from control.jobs where tenant_id = @Id and finished_at is null and (kind = 'destroy' or (kind = 'verify-backup' and subject = @subject)) limit 1";

    /// <summary>Opens a backup that somebody asked for.</summary>
    public async Task<BackupJobResult> OpenBackupAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string code, string requestedBy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var tenant = await TenantStore.LockAsync(connection, transaction, code, cancellationToken);
        return tenant is null
            ? new BackupJobRefused(NotFound, TenantStore.NoSuchTenant)
            : await OpenBackupAsync(connection, transaction, tenant, jobId: null, requestedBy, cancellationToken);
    }

    /// <summary>Opens the backup of a night; null if it was opened before, or cannot be now.</summary>
    public async Task<BackupJobOpened?> OpenScheduledAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, DateTime night, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var tenant = await LockAsync(connection, transaction, tenantId, cancellationToken);
        var jobId = FormattableString.Invariant($"nightly-{tenant.Code}-{tenant.Id}-{night:yyyyMMdd}");
        var earlier = await connection.ExecuteScalarAsync<bool>(Sql.Command(
            "select exists (select from control.jobs where id = @jobId)", new { jobId }, transaction, cancellationToken));
        return earlier
            ? null
            : await OpenBackupAsync(connection, transaction, tenant, jobId, requestedBy: "nightly", cancellationToken) as BackupJobOpened;
    }

    /// <summary>
    /// Opens an attempt at a tenant's first backup; null while one is under way, or when the tenant is neither active nor suspended.
    /// An attempt whose orchestration was ended from outside has failed.
    /// </summary>
    public async Task<BackupJobOpened?> OpenFirstAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, string requestedBy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var tenant = await LockAsync(connection, transaction, tenantId, cancellationToken);
        if (tenant.State is not (TenantStates.Active or TenantStates.Suspended))
        {
            return null;
        }

        if (!await CloseEndedFirstAsync(connection, transaction, tenantId, cancellationToken))
        {
            return null;
        }

        var jobId = await InsertAsync(
            connection, transaction, tenant, JobKinds.FirstBackup, tenant.Code, requestedBy, changing: false, jobId: null, cancellationToken);
        return new BackupJobOpened(tenant.Id, tenant.Code, jobId, tenant.State);
    }

    /// <summary>Closes an attempt at a tenant's first backup whose orchestration was ended from outside; false while one is under way.</summary>
    public async Task<bool> CloseEndedFirstAsync(long tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var isFree = await TenantStore.LockAsync(connection, transaction, tenantId, cancellationToken) is null
            || await CloseEndedFirstAsync(connection, transaction, tenantId, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return isFree;
    }

    /// <summary>Opens the restore of a backup into its tenant, which is restoring from then on.</summary>
    public async Task<BackupJobResult> OpenRestoreAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string backupId, string requestedBy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (await FindTenantAsync(connection, transaction, backupId, cancellationToken) is not { } tenant)
        {
            return NoSuchBackup();
        }

        if (await FindInTheWayAsync(connection, transaction, BackupInTheWaySql, tenant, backupId, cancellationToken) is { } running)
        {
            return running;
        }

        if (tenant.State is not (TenantStates.Active or TenantStates.Suspended))
        {
            return NotActive(tenant, "a backup is restored only into an active or suspended tenant");
        }

        var jobId = await InsertAsync(connection, transaction, tenant, JobKinds.Restore, backupId, requestedBy, changing: true, jobId: null, cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "update control.tenants set state = 'restoring' where id = @Id", new { tenant.Id }, transaction, cancellationToken));
        return new BackupJobOpened(tenant.Id, tenant.Code, jobId, TenantStates.Restoring, tenant.State == TenantStates.Suspended);
    }

    /// <summary>Opens the job that opens a tenant which a failed restore left suspended.</summary>
    public async Task<(BackupJobResult Result, FailedRestoreJob? Failed)> OpenResumeAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string code, string requestedBy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var tenant = await TenantStore.LockAsync(connection, transaction, code, cancellationToken);
        if (tenant is null)
        {
            return (new BackupJobRefused(NotFound, TenantStore.NoSuchTenant), null);
        }

        if (await JobStore.FindInTheWayAsync(connection, transaction, tenant.Id, cancellationToken) is { } running)
        {
            return (InTheWay(running, tenant), null);
        }

        if (tenant.State != TenantStates.Suspended)
        {
            return (NotActive(tenant, "only a tenant that a failed restore left suspended is opened again"), null);
        }

        var failed = await FindFailedRestoreAsync(connection, transaction, tenant, cancellationToken);
        if (failed is null)
        {
            return (NotActive(tenant, "no restore of it has failed"), null);
        }

        var jobId = await InsertAsync(connection, transaction, tenant, JobKinds.Resume, tenant.Code, requestedBy, changing: true, jobId: null, cancellationToken);
        return (new BackupJobOpened(tenant.Id, tenant.Code, jobId, tenant.State, WasSuspended: true), failed);
    }

    /// <summary>The last restore of a tenant that failed, or null.</summary>
    internal static Task<FailedRestoreJob?> FindFailedRestoreAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Tenant tenant, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<FailedRestoreJob>(Sql.Command(
            """
            select id, subject as backup_id from control.jobs
            where tenant_id = @Id and kind = 'restore' and outcome = 'failed' order by created_at desc, id desc limit 1
            """,
            new { tenant.Id }, transaction, cancellationToken));

    /// <summary>Opens the trial of a backup; its tenant may be gone by now.</summary>
    public async Task<BackupJobResult> OpenVerifyAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string backupId, string requestedBy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (await FindTenantAsync(connection, transaction, backupId, cancellationToken) is not { } tenant)
        {
            return NoSuchBackup();
        }

        if (await FindInTheWayAsync(connection, transaction, TrialInTheWaySql, tenant, backupId, cancellationToken) is { } running)
        {
            return running;
        }

        var jobId = await InsertAsync(
            connection, transaction, tenant, JobKinds.VerifyBackup, backupId, requestedBy, changing: false, jobId: null, cancellationToken);
        return new BackupJobOpened(tenant.Id, tenant.Code, jobId, tenant.State);
    }

    /// <summary>Active and suspended tenants that their plan backs up this night and that come at this minute: by turns, so that the minutes are equally full.</summary>
    public async Task<IReadOnlyList<long>> ListDueAsync(DateTime night, int minute, int minutes, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);

        // Half a day less than a week, for a backup is never taken at quite the same time.
        return (await connection.QueryAsync<long>(Sql.Command(
            """
            select t.id from control.tenants t join control.plan_versions p on p.code = t.plan and p.version = t.plan_version
            where t.state in ('active', 'suspended') and t.id % @minutes = @minute
              and (p.backup_schedule = 'daily' or not exists (
                select from control.backups b
                where b.tenant_id = t.id and b.kind = 'scheduled' and b.created_at > @night - interval '6 days 12 hours'))
            order by t.id
            """,
            new { night, minute, minutes }, cancellationToken))).AsList();
    }

    private async Task<bool> CloseEndedFirstAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, CancellationToken cancellationToken)
    {
        if (await FindOpenFirstAsync(connection, transaction, tenantId, cancellationToken) is not { } running)
        {
            return true;
        }

        if ((await orchestrations.FindEndedAsync([running], cancellationToken)).Length == 0)
        {
            return false;
        }

        // It may have closed its job and ended meanwhile.
        if (await FindOpenFirstAsync(connection, transaction, tenantId, cancellationToken) is { } ended)
        {
            await jobs.FinishAsync(
                connection, transaction, ended,
                new JobEnd { Outcome = JobOutcomes.Failed, Reason = JobReasons.EndedFromOutside }, cancellationToken);
        }

        return true;
    }

    private static Task<string?> FindOpenFirstAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<string>(Sql.Command(
            "select id from control.jobs where tenant_id = @tenantId and kind = 'first-backup' and finished_at is null limit 1",
            new { tenantId }, transaction, cancellationToken));

    private async Task<BackupJobResult> OpenBackupAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Tenant tenant, string? jobId, string requestedBy, CancellationToken cancellationToken)
    {
        if (await FindInTheWayAsync(connection, transaction, BackupInTheWaySql, tenant, tenant.Code, cancellationToken) is { } running)
        {
            return running;
        }

        if (tenant.State is not (TenantStates.Active or TenantStates.Suspended))
        {
            return NotActive(tenant, "only an active or suspended tenant is backed up");
        }

        jobId = await InsertAsync(
            connection, transaction, tenant, JobKinds.Backup, tenant.Code, requestedBy, changing: false, jobId, cancellationToken);
        return new BackupJobOpened(tenant.Id, tenant.Code, jobId, tenant.State);
    }

    private async Task<string> InsertAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Tenant tenant, string kind, string subject, string requestedBy, bool changing,
        string? jobId, CancellationToken cancellationToken)
    {
        if (jobId is null)
        {
            jobId = await JobStore.NextIdAsync(connection, transaction, kind, tenant.Code, tenant.Id, cancellationToken);
        }

        await jobs.InsertAsync(
            connection, transaction,
            new NewJob
            {
                Id = jobId,
                Kind = kind,
                TenantId = tenant.Id,
                TenantCode = tenant.Code,
                Subject = subject,
                RequestedBy = requestedBy,
                Changing = changing,
            },
            cancellationToken);
        return jobId;
    }

    private static async Task<BackupJobRefused?> FindInTheWayAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string sql, Tenant tenant, string subject, CancellationToken cancellationToken) =>
        await connection.QuerySingleOrDefaultAsync<string>(Sql.Command(sql, new { tenant.Id, subject }, transaction, cancellationToken)) is { } job
            ? InTheWay(job, tenant)
            : null;

    private static BackupJobRefused InTheWay(string job, Tenant tenant) => new(JobRunning, $"Job '{job}' of tenant '{tenant.Code}' is in the way: wait for its end.");

    private static async Task<Tenant?> FindTenantAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string backupId, CancellationToken cancellationToken) =>
        await connection.QuerySingleOrDefaultAsync<long?>(Sql.Command(
            "select tenant_id from control.backups where id = @backupId", new { backupId }, transaction, cancellationToken)) is { } tenantId
            ? await LockAsync(connection, transaction, tenantId, cancellationToken)
            : null;

    private static async Task<Tenant> LockAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, CancellationToken cancellationToken) =>
        await TenantStore.LockAsync(connection, transaction, tenantId, cancellationToken)
        ?? throw new InvalidOperationException($"There is no tenant {tenantId} in the control database.");

    private static BackupJobRefused NoSuchBackup() =>
        new(NotFound, "There is no backup with this id; GET /api/tenants/{code}/backups lists them.");

    private static BackupJobRefused NotActive(Tenant tenant, string rule) => new(TenantNotActive, $"Tenant '{tenant.Code}' is {tenant.State}: {rule}.");
}
