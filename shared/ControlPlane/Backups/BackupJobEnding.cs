using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Pending;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Bibind.Durable.Serialization;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.ControlPlane.Backups;

/// <summary>Confirms and closes the jobs of backups, restores and trials. Every method may be called again and answers the same.</summary>
public sealed class BackupJobEnding(
    NpgsqlDataSource database, TenantStore tenants, JobStore jobs, PendingItems pending, FormerStates formerStates, TimeProvider time, ILogger<BackupJobEnding> logger)
{
    /// <summary>The place of the tenant whose open job this is.</summary>
    /// <exception cref="PermanentFailureException">The job is not an open one of this tenant.</exception>
    public async Task<TenantDescriptor> ConfirmAsync(long tenantId, string jobId, CancellationToken cancellationToken)
    {
        var tenant = await tenants.GetAsync(tenantId, cancellationToken)
            ?? throw new PermanentFailureException($"There is no tenant {tenantId} in the control database.");
        if (await jobs.FindAsync(jobId, cancellationToken) is not { FinishedAt: null } job || job.TenantId != tenantId)
        {
            throw new PermanentFailureException($"Job '{jobId}' is not an open job of tenant '{tenant.Code}' ({tenantId}).");
        }

        // Nothing keeps a tenant from being removed while its first backup waits for its turn.
        return job.Kind != JobKinds.FirstBackup || tenant.State is not (TenantStates.Terminating or TenantStates.Terminated or TenantStates.Failed)
            ? tenant.ToPlace(jobId)
            : throw new PermanentFailureException($"Tenant '{tenant.Code}' ({tenantId}) is {tenant.State}: it needs no first backup any more.");
    }

    /// <summary>Ends a backup. A first one is pending no more; one that failed is, and answered with when it is tried again.</summary>
    public async Task<PendingItem?> EndBackupAsync(BackupEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(end);
        var job = await jobs.FindAsync(end.JobId, cancellationToken);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        PendingItem? failed = null;
        if (job is { TenantId: { } tenantId } && end.Result is not null)
        {
            // Whoever took it, the tenant has a backup now.
            await connection.ExecuteAsync(Sql.Command(
                PendingItems.RemoveSql, new { tenantId, kind = PendingKinds.FirstBackup }, transaction, cancellationToken));
            await TenantChecks.SetDueAsync(connection, transaction, tenantId, TenantCheckNames.Backups, time.GetUtcNow(), cancellationToken);
        }
        else if (job is { Kind: JobKinds.FirstBackup, TenantId: { } id, FinishedAt: null })
        {
            failed = await pending.NoteFailureAsync(
                connection, transaction, id, PendingKinds.FirstBackup, end.Reason ?? "No reason was given.", cancellationToken);
        }

        await jobs.FinishAsync(connection, transaction, end.JobId, Ended(end.Result, end.Reason), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return failed;
    }

    /// <summary>Ends a trial; a receipt is kept with its backup.</summary>
    public async Task EndVerifyAsync(VerifyEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(end);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (end.Receipt is { } receipt)
        {
            await connection.ExecuteAsync(Sql.Command(
                "update control.backups set verified_at = @VerifiedAt, tried_at = @VerifiedAt, trial_failure = null, receipt = cast(@Json as jsonb) where id = @BackupId",
                new { receipt.BackupId, receipt.VerifiedAt, Json = HubDataConverter.Default.Serialize(receipt) }, transaction, cancellationToken));
        }

        else
        {
            await connection.ExecuteAsync(Sql.Command(
                """
                update control.backups b set tried_at = now(), trial_failure = @Reason
                from control.jobs j where j.id = @JobId and j.finished_at is null and b.id = j.subject
                """,
                new { end.JobId, end.Reason }, transaction, cancellationToken));
            await TryAgainSoonAsync(connection, transaction, end.JobId, cancellationToken);
        }

        await jobs.FinishAsync(connection, transaction, end.JobId, Ended(end.Receipt, end.Reason), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    // What is wrong is mended meanwhile: nobody waits for the next month to know. Others' trials leave the schedule as it is.
    private async Task TryAgainSoonAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string jobId, CancellationToken cancellationToken)
    {
        if (await connection.ExecuteScalarAsync<long?>(Sql.Command(
            "select tenant_id from control.jobs where id = @jobId and finished_at is null and requested_by = @By",
            new { jobId, TrialSchedule.By }, transaction, cancellationToken)) is { } tenantId)
        {
            await TenantChecks.SetDueAsync(
                connection, transaction, tenantId, TenantCheckNames.Trial, time.GetUtcNow() + TrialSchedule.RetryDelay, cancellationToken);
        }
    }

    /// <summary>Ends a restore: the tenant is active if it is open again, else suspended, with the reason.</summary>
    /// <exception cref="PermanentFailureException">Another job has moved the tenant on.</exception>
    public async Task EndRestoreAsync(RestoreEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(end);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

        // What was suspended on purpose stays so, whatever is in its database now.
        await TenantStore.LockAsync(connection, transaction, end.TenantId, cancellationToken);
        var staysSuspended = await connection.ExecuteScalarAsync<bool>(Sql.Command(
            "select exists (select from control.tenant_suspensions where tenant_id = @TenantId and lifted_by is null)",
            new { end.TenantId }, transaction, cancellationToken));
        var state = end.IsOpen && !staysSuspended ? TenantStates.Active : TenantStates.Suspended;
        var moved = await connection.ExecuteAsync(Sql.Command(
            """
            update control.tenants t set state = @state, reason = case when @IsOpen then null else @Reason end
            where t.id = @TenantId and t.state in ('restoring', @state)
              and exists (select from control.jobs j where j.id = @JobId and j.tenant_id = t.id and (@IsUndo or j.undo_attempts = 0))
            """,
            new { end.TenantId, end.JobId, end.IsOpen, end.IsUndo, end.Reason, state }, transaction, cancellationToken));
        if (moved == 0)
        {
            throw new PermanentFailureException($"Tenant {end.TenantId} is not being restored by job '{end.JobId}'.");
        }

        // A staging copy is made again of its tenant at any time: nobody goes back to what it was.
        if (end.Result is { Staging: null, SafetyBackupId: var formerState })
        {
            await formerStates.KeepAsync(connection, transaction, end.JobId, formerState, cancellationToken);
        }

        await jobs.FinishAsync(connection, transaction, end.JobId, Ended(end.Result, end.Reason), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Logs.TenantStateChanged(logger, end.TenantId, state, end.JobId);
    }

    /// <summary>Ends the opening of a suspended tenant: it is active, or still suspended with the reason.</summary>
    /// <exception cref="PermanentFailureException">Another job has moved the tenant on.</exception>
    public async Task EndResumeAsync(ResumeEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(end);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var state = end.Result is null ? TenantStates.Suspended : TenantStates.Active;
        var moved = await connection.ExecuteAsync(Sql.Command(
            """
            update control.tenants t set state = @state, reason = @Reason
            where t.id = @TenantId and t.state in ('suspended', @state)
              and exists (select from control.jobs j where j.id = @JobId and j.tenant_id = t.id)
            """,
            new { end.TenantId, end.JobId, end.Reason, state }, transaction, cancellationToken));
        if (moved == 0)
        {
            throw new PermanentFailureException($"Tenant {end.TenantId} is not being opened by job '{end.JobId}'.");
        }

        await jobs.FinishAsync(connection, transaction, end.JobId, Ended(end.Result, end.Reason), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Logs.TenantStateChanged(logger, end.TenantId, state, end.JobId);
    }

    private static JobEnd Ended(object? result, string? reason) => new()
    {
        Outcome = result is null ? JobOutcomes.Failed : JobOutcomes.Succeeded,
        Result = result,
        Reason = reason,
    };
}
