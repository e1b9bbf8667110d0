using Bibind.ControlPlane.Tenants;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.ControlPlane.Reconciliation;

/// <summary>A server whose tenants this machine looks at.</summary>
/// <param name="ServerId">The server.</param>
/// <param name="Claim">Tells this claim from one that took it over.</param>
public sealed record ClaimedReconciliation(long ServerId, Guid Claim);

/// <summary>When tenants are looked at, and by whom.</summary>
public sealed class ReconciliationRounds(NpgsqlDataSource database, IOptions<ReconciliationOptions> options, TimeProvider time)
{
    // One machine at a time brings the list of tenants up to date; the others find it done.
    private const long SyncLock = 0x7265636f6e63;
    private const int PurgedAtOnce = 10_000;

    // Where a tenant's turn comes next, behind the moment: the same for all who ask about that moment.
    internal const string NextTurn = "to_timestamp((floor(extract(epoch from @moment::timestamptz)::float8 / @seconds - r.phase) + 1 + r.phase) * @seconds)";

    // What a job works on is looked at when the job has ended.
    private const string IsDue =
        """
        r.due_at <= @moment and (t.state in ('active', 'suspended') or (t.state in ('terminated', 'failed') and not t.leftovers))
        and not exists (select from control.jobs j where j.tenant_id = t.id and j.finished_at is null)
        """;

    /// <summary>Brings the list of those that are looked at up to date: new tenants, those that moved, those that ended long ago.</summary>
    public async Task SyncAsync(DateTimeOffset moment, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (!await connection.ExecuteScalarAsync<bool>(Sql.Command("select pg_try_advisory_xact_lock(@SyncLock)", new { SyncLock }, transaction, cancellationToken)))
        {
            return;
        }

        var now = time.GetUtcNow();
        await connection.ExecuteAsync(Sql.Command(
            $"""
            insert into control.reconciliation_tenants (tenant_id, server_id, phase, due_at)
            select r.id, r.server_id, r.phase, {NextTurn}
            from (
              select t.id, t.server_id, random() as phase from control.tenants t
              where (t.state in ('active', 'suspended') or (t.state in ('terminated', 'failed') and t.ended_at > @endedAfter))
                and not exists (select from control.reconciliation_tenants r where r.tenant_id = t.id)) r
            on conflict do nothing;
            update control.reconciliation_tenants r set server_id = t.server_id from control.tenants t where t.id = r.tenant_id and t.server_id <> r.server_id;
            delete from control.reconciliation_tenants r using control.tenants t
            where t.id = r.tenant_id and t.state in ('terminated', 'failed') and (t.ended_at is null or t.ended_at <= @endedAfter)
              and not exists (select from control.reconciliation_findings f where f.tenant_id = t.id and f.closed_at is null);
            """,
            new { moment, seconds = options.Value.Interval.TotalSeconds, endedAfter = now - options.Value.EndedFor }, transaction, cancellationToken));
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Makes tenants due at once; those that wait for their second look keep its time.</summary>
    /// <param name="tenantId">Which; null for all.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many there are.</returns>
    public async Task<int> HurryAsync(long? tenantId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await SyncAsync(now, cancellationToken);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteAsync(Sql.Command(
            """
            update control.reconciliation_tenants r set due_at = least(r.due_at, @now) from control.tenants t
            where t.id = r.tenant_id and (@tenantId::bigint is null or t.id = @tenantId) and t.state not in ('provisioning', 'terminating')
              and not exists (select from control.reconciliation_findings f where f.tenant_id = t.id and f.confirmed_at is null)
            """,
            new { tenantId, now }, cancellationToken));
    }

    /// <summary>Claims the servers with tenants that are due, each for one of all machines.</summary>
    public async Task<IReadOnlyList<ClaimedReconciliation>> ClaimAsync(DateTimeOffset moment, TimeSpan lease, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<ClaimedReconciliation>(Sql.Command(
            $"""
            insert into control.reconciliation_servers as w (server_id, claim, claimed_until)
            select s.id, gen_random_uuid(), @until from control.servers s
            where exists (select from control.reconciliation_tenants r join control.tenants t on t.id = r.tenant_id where r.server_id = s.id and {IsDue})
            order by s.id
            on conflict (server_id) do update set claim = excluded.claim, claimed_until = excluded.claimed_until where w.claimed_until <= @now
            returning w.server_id, w.claim
            """,
            new { moment, now, until = now + lease }, cancellationToken))).AsList();
    }

    /// <summary>Renews the claim and answers the tenants of the server that are due, the longest waiting first; none if the claim was taken over.</summary>
    public async Task<IReadOnlyList<ReconciledTenant>> NextAsync(
        ClaimedReconciliation claimed, DateTimeOffset moment, TimeSpan lease, int most, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claimed);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        if (await connection.ExecuteAsync(Sql.Command(
            "update control.reconciliation_servers set claimed_until = @until where server_id = @ServerId and claim = @Claim",
            new { claimed.ServerId, claimed.Claim, until = time.GetUtcNow() + lease }, cancellationToken)) == 0)
        {
            return [];
        }

        // One transaction with one view of the rows: a tenant that changes in between is not described by halves of two states.
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellationToken);
        var facts = (await connection.QueryAsync<ReconciledFacts>(Sql.Command(
            $"""
            select t.id,
              (select max(j.created_at) from control.jobs j where j.tenant_id = t.id) as job_at,
              exists (select from control.tenant_suspensions x where x.tenant_id = t.id and x.lifted_by is not null) as is_being_lifted,
              (select d.oid from control.databases d where d.tenant_id = t.id and d.server_id = t.server_id and d.purpose = 'current' and d.oid is not null and d.name = t.database
               order by d.id desc limit 1) as database_oid,
              array(select d.name from control.domains d where d.tenant_id = t.id and d.state = 'active' order by d.id) as domains,
              m.reason as missing_backup, m.last_at as last_backup_at, s.state as subscription, s.follow_reason, s.started_at as subscribed_since,
              coalesce(s.follow_at is not null and s.follow_attempts < 5, false) as is_to_follow
            from control.reconciliation_tenants r
            join control.tenants t on t.id = r.tenant_id
            left join control.missing_backups m on m.tenant_id = t.id
            left join control.subscriptions s on s.tenant_id = t.id
            where r.server_id = @ServerId and {IsDue}
            order by r.due_at, r.tenant_id limit @most
            """,
            new { claimed.ServerId, moment, most }, transaction, cancellationToken))).AsList();
        var tenants = (await connection.QueryAsync<Tenant>(Sql.Command(
            $"{TenantStore.Select} where t.id = any(@ids)", new { ids = facts.Select(f => f.Id).ToArray() }, transaction, cancellationToken))).ToDictionary(t => t.Id);
        return [.. facts.Where(f => tenants.ContainsKey(f.Id)).Select(f => new ReconciledTenant(tenants[f.Id], f))];
    }

    /// <summary>Gives a server back, for the next round.</summary>
    public async Task ReleaseAsync(ClaimedReconciliation claimed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claimed);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "delete from control.reconciliation_servers where server_id = @ServerId and claim = @Claim", new { claimed.ServerId, claimed.Claim }, cancellationToken));
    }

    /// <summary>Deletes findings that were closed long ago, with their repairs; a part of them where there are many.</summary>
    public async Task PurgeAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            $"""
            delete from control.reconciliation_findings where id in (
              select id from control.reconciliation_findings where closed_at < @before order by id limit {PurgedAtOnce} for update skip locked)
            """,
            new { before = time.GetUtcNow() - options.Value.History }, cancellationToken));
    }
}
