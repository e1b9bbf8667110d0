using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Suspensions;

/// <summary>Opens the jobs that suspend tenants and open them again, in the caller's transaction; the tenant's row is locked first.</summary>
public sealed class SuspensionOpening(JobStore jobs, TimeProvider time)
{
    // A backup that is being taken is not waited for: it goes on when the database is shut.
    private const string ChangingSql = "select id from control.jobs where tenant_id = @Id and finished_at is null and changing limit 1";

    /// <summary>Suspends a tenant, as far as rows go: nothing opens it from then on.</summary>
    public async Task<SuspensionResult> OpenSuspendAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string code, string cause, string reason, string requestedBy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (await TenantStore.LockAsync(connection, transaction, code, cancellationToken) is not { } tenant)
        {
            return new SuspensionResult.NotFound();
        }

        if (await FindChangingAsync(connection, transaction, tenant, cancellationToken) is { } running)
        {
            return new SuspensionResult.JobRunning(running);
        }

        if (await SuspensionStore.LockAsync(connection, transaction, tenant.Id, cancellationToken) is { } earlier && tenant.State == TenantStates.Suspended)
        {
            return new SuspensionResult.AlreadySuspended(earlier.Cause, earlier.SuspendedAt ?? earlier.OrderedAt);
        }

        if (tenant.State is not (TenantStates.Active or TenantStates.Suspended))
        {
            return new SuspensionResult.NotActive(tenant.State);
        }

        var order = new SuspendTenantOrder
        {
            TenantId = tenant.Id,
            JobId = await InsertAsync(connection, transaction, tenant, JobKinds.Suspend, requestedBy, cancellationToken),
            Code = tenant.Code,
            Cause = cause,
            WasActive = tenant.State == TenantStates.Active,
        };
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.tenant_suspensions (tenant_id, cause, reason, requested_by, job_id, ordered_at)
            values (@TenantId, @cause, @reason, @requestedBy, @JobId, @Now)
            on conflict (tenant_id) do update set
              cause = excluded.cause, reason = excluded.reason, requested_by = excluded.requested_by, job_id = excluded.job_id, ordered_at = excluded.ordered_at,
              suspended_at = null, lifted_by = null, failure = null;
            update control.tenants set state = 'suspended' where id = @TenantId;
            """,
            new { order.TenantId, order.JobId, cause, reason, requestedBy, Now = time.GetUtcNow() }, transaction, cancellationToken));
        return new SuspensionResult.Suspending(order);
    }

    /// <summary>Opens the job that opens a suspended tenant, whoever or whatever suspended it.</summary>
    /// <param name="connection">The caller's.</param>
    /// <param name="transaction">The caller's.</param>
    /// <param name="code">The tenant's.</param>
    /// <param name="requestedBy">Who orders it.</param>
    /// <param name="mayLift">False if only what a failed job left is opened: a customer does not lift a suspension that was ordered.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<SuspensionResult> OpenLiftAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string code, string requestedBy, bool mayLift, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (await TenantStore.LockAsync(connection, transaction, code, cancellationToken) is not { } tenant)
        {
            return new SuspensionResult.NotFound();
        }

        if (await FindChangingAsync(connection, transaction, tenant, cancellationToken) is { } running)
        {
            return new SuspensionResult.JobRunning(running);
        }

        if (tenant.State != TenantStates.Suspended)
        {
            return tenant.State == TenantStates.Active ? new SuspensionResult.NotSuspended() : new SuspensionResult.NotActive(tenant.State);
        }

        var isOrdered = await SuspensionStore.LockAsync(connection, transaction, tenant.Id, cancellationToken) is not null;
        if (isOrdered && !mayLift)
        {
            return new SuspensionResult.ByProvider();
        }

        var restore = await BackupJobOpening.FindFailedRestoreAsync(connection, transaction, tenant, cancellationToken);
        if (!isOrdered && restore is not null)
        {
            return new SuspensionResult.LeftByRestore();
        }

        // Whatever failed job left a tenant suspended said why.
        var isLeft = restore is not null && tenant.Reason is not null;
        return new SuspensionResult.Lifting(new LiftSuspensionOrder
        {
            TenantId = tenant.Id,
            JobId = await InsertAsync(connection, transaction, tenant, JobKinds.Resume, requestedBy, cancellationToken),
            Code = tenant.Code,
            IsOrdered = isOrdered,
            RestoreJobId = isLeft ? restore!.Id : null,
            BackupId = isLeft ? restore!.BackupId : null,
        });
    }

    internal static Task<string?> FindChangingAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Tenant tenant, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<string>(Sql.Command(ChangingSql, new { tenant.Id }, transaction, cancellationToken));

    private async Task<string> InsertAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Tenant tenant, string kind, string requestedBy, CancellationToken cancellationToken)
    {
        var id = await JobStore.NextIdAsync(connection, transaction, kind, tenant.Code, tenant.Id, cancellationToken);
        await jobs.InsertAsync(
            connection, transaction,
            new NewJob { Id = id, Kind = kind, TenantId = tenant.Id, TenantCode = tenant.Code, Subject = tenant.Code, RequestedBy = requestedBy },
            cancellationToken);
        return id;
    }
}
