using Bibind.ControlPlane.Tenants;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.ControlPlane.Reconciliation;

/// <summary>Whether a finding may be repaired now.</summary>
/// <param name="Id">The repair; null if it may not.</param>
/// <param name="Reason">Why not, in words.</param>
/// <param name="IsTold">True if a person is to be told of that.</param>
public sealed record ClaimedRepair(long? Id, string? Reason, bool IsTold = false);

/// <summary>Counts repairs, so that an error of ours or of a server's does not change a fleet within minutes, and keeps jobs out while one is made.</summary>
public sealed class ReconciliationRepairs(
    NpgsqlDataSource database, ReconciliationFindings findings, IOptions<ReconciliationOptions> options, TimeProvider time)
{
    /// <summary>How often one thing is repaired within a day before it is left to a person.</summary>
    internal const int MostRepairs = 3;

    /// <summary>How often one thing is tried to be repaired in vain within a day.</summary>
    internal const int MostFailures = 6;

    // One machine at a time counts.
    private const long LimitLock = 0x7265636f6e64;

    /// <summary>Counts a repair before it begins; one that its machine does not survive counts as well.</summary>
    public async Task<ClaimedRepair> ClaimAsync(Finding finding, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(finding);
        if (!options.Value.Repair)
        {
            return new ClaimedRepair(null, "Repairs are switched off (Reconciliation__Repair).", IsTold: true);
        }

        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command("select pg_advisory_xact_lock(@LimitLock)", new { LimitLock }, transaction, cancellationToken));
        var today = await connection.QuerySingleAsync<Tried>(Sql.Command(
            """
            select count(*) filter (where r.failure is null) as succeeded, count(*) filter (where r.failure is not null) as failed
            from control.reconciliation_repairs r join control.reconciliation_findings f on f.id = r.finding_id
            where f.tenant_id = @TenantId and f.kind = @Kind and f.subject = @Subject and r.began_at > @yesterday
            """,
            new { finding.TenantId, finding.Kind, finding.Subject, yesterday = now - TimeSpan.FromDays(1) }, transaction, cancellationToken));
        if (today.Succeeded >= MostRepairs)
        {
            return new ClaimedRepair(null, $"It was repaired {today.Succeeded} times within a day and did not stay so: somebody or something undoes it.", IsTold: true);
        }

        if (today.Failed >= MostFailures)
        {
            return new ClaimedRepair(null, finding.Reason ?? $"Repairing it failed {today.Failed} times within a day.", IsTold: true);
        }

        var repair = await connection.ExecuteScalarAsync<long?>(Sql.Command(
            """
            with counted as (
              update control.reconciliation_findings f set repair_attempts = f.repair_attempts + 1
              where f.id = @Id and f.closed_at is null and f.repair_attempts = @RepairAttempts
                and (select count(*) from control.reconciliation_repairs where began_at > @since) < @most
              returning f.id)
            insert into control.reconciliation_repairs (finding_id, began_at) select id, @now from counted returning id
            """,
            new { finding.Id, finding.RepairAttempts, now, since = now - TimeSpan.FromHours(1), most = options.Value.RepairsPerHour }, transaction, cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return repair is { } claimed
            ? new ClaimedRepair(claimed, null)
            : new ClaimedRepair(null, $"The limit of {options.Value.RepairsPerHour} repairs an hour is reached (Reconciliation__RepairsPerHour); it is tried again at the next look.");
    }

    /// <summary>
    /// Does something about a tenant while no job of it can begin: its row is locked, as it is when jobs are opened. Does nothing if a job runs, or if it
    /// is not as it was when it was looked at.
    /// </summary>
    /// <returns>False if nothing was done.</returns>
    public async Task<bool> HoldAsync(ReconciledTenant tenant, Func<Task> work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(tenant);
        ArgumentNullException.ThrowIfNull(work);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var locked = await TenantStore.LockAsync(connection, transaction, tenant.Tenant.Id, cancellationToken);

        // A second statement sees what the transaction that held the lock before has committed.
        if (locked is null || locked.State != tenant.Tenant.State || locked.ServerId != tenant.Tenant.ServerId
            || !await connection.ExecuteScalarAsync<bool>(Sql.Command(
                """
                select not exists (select from control.jobs where tenant_id = @Id and finished_at is null)
                  and (select max(created_at) from control.jobs where tenant_id = @Id) is not distinct from @JobAt::timestamptz
                """,
                new { locked.Id, tenant.Facts.JobAt }, transaction, cancellationToken)))
        {
            return false;
        }

        await work();
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>Records how a repair went: what was repaired is closed by the next look, what was not is told.</summary>
    /// <param name="finding">What was to be repaired.</param>
    /// <param name="repair">The repair.</param>
    /// <param name="failure">Why it was not, in words; null if it was.</param>
    /// <param name="nextLook">When the tenant is looked at next.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task EndAsync(Finding finding, long repair, string? failure, DateTimeOffset nextLook, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(finding);
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.reconciliation_repairs set ended_at = @now, failure = @failure where id = @repair;
            update control.reconciliation_findings set reason = @failure, repaired_at = case when @failure::text is null then @now else repaired_at end where id = @Id;
            update control.reconciliation_tenants set due_at = least(due_at, @nextLook) where tenant_id = @TenantId;
            """,
            new { finding.Id, finding.TenantId, repair, failure, nextLook, now }, transaction, cancellationToken));
        if (failure is not null)
        {
            await findings.TellAsync(connection, transaction, finding with { Reason = failure }, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Records that a finding is not repaired now; a person is told, unless it only waits for the limit.</summary>
    public async Task RefuseAsync(Finding finding, ClaimedRepair refused, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(finding);
        ArgumentNullException.ThrowIfNull(refused);
        var reason = refused.Reason ?? string.Empty;
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "update control.reconciliation_findings set reason = @reason where id = @Id and closed_at is null", new { finding.Id, reason }, transaction, cancellationToken));
        if (refused.IsTold)
        {
            await findings.TellAsync(connection, transaction, finding with { Reason = reason }, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private sealed record Tried
    {
        public long Succeeded { get; init; }
        public long Failed { get; init; }
    }
}
