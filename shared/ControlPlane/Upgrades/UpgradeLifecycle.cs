using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Dapper;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.ControlPlane.Upgrades;

/// <summary>What upgrades do to tenants, and what becomes of what they leave. Every method may be called again and answers the same.</summary>
public sealed class UpgradeLifecycle(
    NpgsqlDataSource database, JobStore jobs, IOptions<UpgradeOptions> options, TimeProvider time, ILogger<UpgradeLifecycle> logger)
{
    /// <summary>Remembers in which database it is rehearsed.</summary>
    public Task RememberCopyAsync(string jobId, string copyDatabase, CancellationToken cancellationToken) =>
        ExecuteAsync("update control.tenant_upgrades set copy_database = @copyDatabase where job_id = @jobId and ended_at is null", new { jobId, copyDatabase }, cancellationToken);

    /// <summary>Notes that nothing is left of the copy.</summary>
    public Task ForgetCopyAsync(long id, CancellationToken cancellationToken) =>
        ExecuteAsync("update control.tenant_upgrades set copy_database = null where id = @id", new { id }, cancellationToken);

    /// <summary>Notes that the safety backup is gone.</summary>
    public Task ForgetBackupAsync(long id, CancellationToken cancellationToken) =>
        ExecuteAsync("update control.tenant_upgrades set safety_backup_id = null, keep_until = null where id = @id", new { id }, cancellationToken);

    /// <summary>Lets other jobs of the tenant go on until the upgrade's time has come.</summary>
    public Task WaitAsync(UpgradeTenantInput input, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(input);
        return ExecuteAsync(
            """
            with waiting as (
              update control.tenant_upgrades set state = 'waiting' where job_id = @JobId and state in ('rehearsing', 'waiting') returning job_id)
            update control.jobs j set changing = false from waiting w where j.id = w.job_id
            """,
            new { input.JobId }, cancellationToken);
    }

    /// <summary>
    /// Records that the tenant has the release. A step of an orchestration that was ended from outside may come late: where the upgrade is
    /// being undone, the tenant is what it was before.
    /// </summary>
    /// <exception cref="PermanentFailureException">The upgrade does not run any more.</exception>
    public async Task PassAsync(UpgradeTenantInput input, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(input);
        var changed = await ExecuteAsync(
            """
            with passed as (
              update control.tenant_upgrades set state = 'opening', passed_at = coalesce(passed_at, @Now)
              where job_id = @JobId and state in ('upgrading', 'opening') and undo_attempts = 0
              returning tenant_id)
            update control.tenants t set release = @Version from passed p where t.id = p.tenant_id
            """,
            new { input.JobId, input.Release.Version, Now = time.GetUtcNow() }, cancellationToken);
        if (changed == 0)
        {
            throw new PermanentFailureException($"Job '{input.JobId}' does not upgrade tenant '{input.Code}' any more.");
        }
    }

    /// <summary>Ends an upgrade: the tenant's state, the job, and until when the safety backup is kept.</summary>
    public async Task<UpgradeTenantResult> EndAsync(UpgradeEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(end);
        var (order, result) = (end.Order, end.Result);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await TenantStore.LockAsync(connection, transaction, order.TenantId, cancellationToken);
        var upgrade = await UpgradeStore.FindByJobAsync(connection, transaction, order.JobId, cancellationToken);
        if (upgrade is null)
        {
            // It was refused before anything was written.
            return result;
        }

        if (upgrade.EndedAt is null)
        {
            var keepUntil = time.GetUtcNow() + options.Value.KeepBackup;
            result = result with { SafetyKeptUntil = result.SafetyBackupId is null ? null : keepUntil };
            var tenantState = end.IsOpen ? TenantStates.Active : TenantStates.Suspended;
            await connection.ExecuteAsync(Sql.Command(
                """
                update control.tenants
                set state = @tenantState, reason = @reason, release = case when @Outcome = 'upgraded' then release else @PreviousVersion end
                where id = @TenantId and state = 'upgrading' and @wasClosed;
                update control.tenant_upgrades
                set state = @Outcome, ended_at = @now, outage_ms = @OutageMs, failure = @Reason, safety_backup_id = @SafetyBackupId, keep_until = @SafetyKeptUntil,
                    copy_database = case when @isClean then null else copy_database end
                where id = @Id;
                """,
                new
                {
                    upgrade.Id,
                    order.TenantId,
                    tenantState,
                    reason = end.IsOpen ? null : result.Reason,
                    upgrade.PreviousVersion,
                    wasClosed = upgrade.State is UpgradeStates.Upgrading or UpgradeStates.Opening,
                    result.Outcome,
                    now = time.GetUtcNow(),
                    result.OutageMs,
                    result.Reason,
                    result.SafetyBackupId,
                    result.SafetyKeptUntil,
                    isClean = result.Inventory is null or { IsClean: true },
                },
                transaction, cancellationToken));
            await jobs.FinishAsync(
                connection, transaction, order.JobId,
                new JobEnd
                {
                    Outcome = result.Succeeded ? JobOutcomes.Succeeded : JobOutcomes.Failed,
                    Result = result with { Inventory = null },
                    Reason = result.Reason,
                    Inventory = result.Inventory,
                },
                cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            Logs.TenantStateChanged(logger, order.TenantId, tenantState, order.JobId);
            return result;
        }

        if (upgrade.State == UpgradeStates.Cancelled && (result.Inventory is null || result.Inventory.IsClean))
        {
            await ForgetCopyAsync(upgrade.Id, cancellationToken);
        }

        return result with { SafetyKeptUntil = upgrade.KeepUntil };
    }

    /// <summary>Records that an upgrade was taken back.</summary>
    public Task EndRollbackAsync(RollBackUpgradeInput input, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(input);

        // Its backup has done what it was kept for; the sweep deletes it.
        return ExecuteAsync(
            """
            with back as (
              update control.tenant_upgrades set state = 'taken-back', keep_until = @Now where job_id = @UpgradeJobId and state = 'upgraded' returning tenant_id, previous_version)
            update control.tenants t set release = b.previous_version from back b where t.id = b.tenant_id
            """,
            new { input.UpgradeJobId, Now = time.GetUtcNow() }, cancellationToken);
    }

    /// <summary>Confirms the tenant's last upgrade: the backup of what it was before is kept no longer.</summary>
    public async Task<UpgradeResult> ConfirmAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string tenantCode, string who, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (await TenantStore.LockAsync(connection, transaction, tenantCode, cancellationToken) is not { } tenant)
        {
            return new UpgradeResult.NotFound(TenantStore.NoSuchTenant);
        }

        var upgrade = await UpgradeStore.FindLatestAsync(connection, transaction, tenant.Id, cancellationToken);
        if (upgrade is not { State: UpgradeOutcomes.Upgraded })
        {
            return new UpgradeResult.WrongState($"No upgrade of tenant '{tenant.Code}' waits to be confirmed.");
        }

        await connection.ExecuteAsync(Sql.Command(
            "update control.tenant_upgrades set confirmed_by = coalesce(confirmed_by, @who), keep_until = least(keep_until, @Now) where id = @Id",
            new { upgrade.Id, who, Now = time.GetUtcNow() }, transaction, cancellationToken));
        return new UpgradeResult.Confirmed((await UpgradeStore.FindByJobAsync(connection, transaction, upgrade.JobId, cancellationToken))!);
    }

    /// <summary>
    /// Calls the tenant's upgrade off that waits for its time; again the same. Its orchestration finds that out when the time has come, and touches nothing.
    /// </summary>
    public async Task<UpgradeResult> CancelAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string tenantCode, string who, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (await TenantStore.LockAsync(connection, transaction, tenantCode, cancellationToken) is not { } tenant)
        {
            return new UpgradeResult.NotFound(TenantStore.NoSuchTenant);
        }

        var upgrade = await UpgradeStore.FindNewestAsync(connection, transaction, tenant.Id, cancellationToken);
        if (upgrade is { State: UpgradeStates.Cancelled })
        {
            return new UpgradeResult.Cancelled(upgrade);
        }

        if (upgrade is not { State: UpgradeStates.Waiting })
        {
            return new UpgradeResult.WrongState($"No upgrade of tenant '{tenant.Code}' waits for its time: only one that waits is called off.");
        }

        if (upgrade.Rollout is { } rollout)
        {
            return new UpgradeResult.WrongState($"The upgrade of tenant '{tenant.Code}' is part of rollout '{rollout}': skip or hold the tenant there.");
        }

        var reason = $"Called off by {who} before its time had come. The tenant was not touched.";
        await connection.ExecuteAsync(Sql.Command(
            "update control.tenant_upgrades set state = 'cancelled', ended_at = @Now, failure = @reason where id = @Id",
            new { upgrade.Id, reason, Now = time.GetUtcNow() }, transaction, cancellationToken));
        await jobs.FinishAsync(connection, transaction, upgrade.JobId, new JobEnd { Outcome = JobOutcomes.Cancelled, Reason = reason }, cancellationToken);
        return new UpgradeResult.Cancelled((await UpgradeStore.FindByJobAsync(connection, transaction, upgrade.JobId, cancellationToken))!);
    }

    /// <summary>Counts one more attempt at ending an upgrade, unless another has counted it or the upgrade has ended.</summary>
    public static async Task<TenantUpgrade?> CountUndoAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, TenantUpgrade upgrade, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(upgrade);
        var counted = await connection.ExecuteAsync(Sql.Command(
            "update control.tenant_upgrades set undo_attempts = undo_attempts + 1 where id = @Id and ended_at is null and undo_attempts = @UndoAttempts",
            new { upgrade.Id, upgrade.UndoAttempts }, transaction, cancellationToken));
        return counted == 0 ? null : upgrade with { UndoAttempts = upgrade.UndoAttempts + 1 };
    }

    private async Task<int> ExecuteAsync(string sql, object parameters, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteAsync(Sql.Command(sql, parameters, cancellationToken));
    }
}
