using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Notices;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.ControlPlane.Suspensions;

/// <summary>What the jobs that suspend and open tenants do to their rows. Every method may be called again and answers the same; a step that comes after its job has ended changes nothing.</summary>
public sealed class SuspensionLifecycle(
    NpgsqlDataSource database, TenantStore tenants, JobStore jobs, INotices notices, TimeProvider time, ILogger<SuspensionLifecycle> logger)
{
    private const string IsOpenSql = "select exists (select from control.jobs where id = @jobId and tenant_id = @tenantId and finished_at is null)";

    /// <summary>The place of the tenant whose open job this is.</summary>
    /// <exception cref="PermanentFailureException">The job is not an open one of this tenant.</exception>
    public async Task<TenantDescriptor> ConfirmAsync(long tenantId, string jobId, CancellationToken cancellationToken)
    {
        var place = await tenants.GetPlaceAsync(tenantId, jobId, cancellationToken);
        return await jobs.FindAsync(jobId, cancellationToken) is { FinishedAt: null } job && job.TenantId == tenantId
            ? place
            : throw new PermanentFailureException($"Job '{jobId}' is not an open job of tenant '{place.Code}' ({tenantId}).");
    }

    /// <summary>From here on the tenant may be opened, by this job.</summary>
    /// <exception cref="PermanentFailureException">The job has ended.</exception>
    public Task LiftAsync(long tenantId, string jobId, CancellationToken cancellationToken) =>
        ChangeAsync(tenantId, jobId, "update control.tenant_suspensions set lifted_by = @jobId where tenant_id = @tenantId", cancellationToken);

    /// <summary>The tenant is to stay suspended after all.</summary>
    /// <inheritdoc cref="LiftAsync" path="/exception"/>
    public Task KeepAsync(long tenantId, string jobId, CancellationToken cancellationToken) =>
        ChangeAsync(tenantId, jobId, "update control.tenant_suspensions set lifted_by = null where tenant_id = @tenantId", cancellationToken);

    /// <summary>Ends the job that suspends: the tenant is suspended, or what it was before.</summary>
    public Task EndSuspendAsync(SuspensionEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(end);
        var before = end.Order.WasActive ? TenantStates.Active : TenantStates.Suspended;
        return EndAsync(
            end.Order.TenantId, end.Order.JobId,
            end.IsUndone
                ? $"""
                  delete from control.tenant_suspensions where tenant_id = @tenantId;
                  update control.tenants set state = '{before}' where id = @tenantId and state = 'suspended';
                  """
                : """
                  update control.tenant_suspensions set suspended_at = coalesce(suspended_at, @now), lifted_by = null, failure = @reason where tenant_id = @tenantId;
                  """,
            end.IsUndone ? before : TenantStates.Suspended,
            end.Result, end.Reason, end.Result is null ? null : Notice.Suspended(end.Order.TenantId, end.Order.JobId, WordsOf(end.Order.Cause)), cancellationToken);
    }

    /// <summary>Ends the job that opens: the tenant is active, or still suspended with the reason.</summary>
    public Task EndLiftAsync(LiftEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(end);
        return EndAsync(
            end.Order.TenantId, end.Order.JobId,
            end.Result is null
                ? end.Order.IsOrdered
                    ? "update control.tenant_suspensions set lifted_by = null, failure = @reason where tenant_id = @tenantId"
                    : "update control.tenants set reason = @reason where id = @tenantId and state = 'suspended'"
                : """
                  delete from control.tenant_suspensions where tenant_id = @tenantId;
                  update control.tenants set state = 'active', reason = null where id = @tenantId and state = 'suspended';
                  """,
            end.Result is null ? TenantStates.Suspended : TenantStates.Active,
            end.Result, end.Reason, end.Result is null ? null : Notice.Resumed(end.Order.TenantId, end.Order.JobId), cancellationToken);
    }

    /// <summary>Ends a job whose orchestration was ended from outside. Nobody knows how far it got: the tenant is suspended, and is closed by who calls.</summary>
    public Task EndAbandonedAsync(long tenantId, string jobId, CancellationToken cancellationToken)
    {
        const string Reason = $"{JobReasons.EndedFromOutside} The tenant is suspended: resume it.";
        return EndAsync(
            tenantId, jobId,
            """
            update control.tenant_suspensions set suspended_at = coalesce(suspended_at, @now), lifted_by = null, failure = @reason where tenant_id = @tenantId;
            update control.tenants t set reason = @reason
            where t.id = @tenantId and t.state = 'suspended' and not exists (select from control.tenant_suspensions s where s.tenant_id = t.id);
            """,
            TenantStates.Suspended, null, Reason, told: null, cancellationToken);
    }

    // The reason that was given may be for operators' eyes only.
    private static string WordsOf(string cause) => cause switch
    {
        SuspensionCauses.Payment => "A bill is not paid.",
        SuspensionCauses.Quota => "It uses more than it may.",
        _ => "The provider has suspended it.",
    };

    private async Task ChangeAsync(long tenantId, string jobId, string sql, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (!await LockAsync(connection, transaction, tenantId, jobId, cancellationToken))
        {
            throw new PermanentFailureException($"Job '{jobId}' is not an open job of tenant {tenantId}.");
        }

        await connection.ExecuteAsync(Sql.Command(sql, new { tenantId, jobId }, transaction, cancellationToken));
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task EndAsync(
        long tenantId, string jobId, string sql, string state, object? result, string? reason, Notice? told, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (!await LockAsync(connection, transaction, tenantId, jobId, cancellationToken))
        {
            return;
        }

        await connection.ExecuteAsync(Sql.Command(sql, new { tenantId, reason, now = time.GetUtcNow() }, transaction, cancellationToken));
        await jobs.FinishAsync(
            connection, transaction, jobId,
            new JobEnd { Outcome = result is null ? JobOutcomes.Failed : JobOutcomes.Succeeded, Result = result, Reason = reason }, cancellationToken);
        await (told is null ? Task.CompletedTask : notices.RaiseAsync(connection, transaction, told, cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        Logs.TenantStateChanged(logger, tenantId, state, jobId);
    }

    // The tenant's row first, as everywhere; false if the job has ended.
    private static async Task<bool> LockAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, string jobId, CancellationToken cancellationToken)
    {
        await TenantStore.LockAsync(connection, transaction, tenantId, cancellationToken);
        return await connection.ExecuteScalarAsync<bool>(Sql.Command(IsOpenSql, new { tenantId, jobId }, transaction, cancellationToken));
    }
}
