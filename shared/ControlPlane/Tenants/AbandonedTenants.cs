using Bibind.ControlPlane.Jobs;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Tenants;

/// <summary>A tenant that nothing works on, though something of it is, or may be, on the servers.</summary>
public sealed record AbandonedTenant
{
    public long Id { get; init; }
    public string Code { get; init; } = string.Empty;

    /// <summary>One of <see cref="TenantStates"/>.</summary>
    public string State { get; init; } = string.Empty;

    /// <summary>A job that is still open although its orchestration has ended.</summary>
    public string? OpenJob { get; init; }

    /// <summary>True if it never was active: nobody's data are in it.</summary>
    public bool WasNeverActive { get; init; }

    /// <summary>True if there are backups of it.</summary>
    public bool HasBackups { get; init; }

    /// <summary>True if its last backup was taken by an earlier removal.</summary>
    public bool HasFinalBackup { get; init; }
}

/// <summary>Finds tenants that nothing works on.</summary>
public sealed class AbandonedTenants(NpgsqlDataSource database, JobOrchestrations orchestrations, TimeProvider time)
{
    private const string MayBeAbandoned = "(t.state in ('provisioning', 'terminating') or (t.state in ('failed', 'terminated') and t.leftovers))";

    /// <summary>
    /// Tenants whose orchestration was ended from outside, and those that left something behind; each is answered again
    /// only ten minutes after its last removal ended, then twice as long, up to a day.
    /// </summary>
    public async Task<IReadOnlyList<AbandonedTenant>> FindAsync(int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var open = await connection.QueryAsync<string>(Sql.Command(
            $"""
            select j.id from control.jobs j join control.tenants t on t.id = j.tenant_id
            where j.changing and j.finished_at is null and j.cancel_requested_at is null and {MayBeAbandoned}
            """,
            parameters: null, cancellationToken));
        var ended = await orchestrations.FindEndedAsync(open.AsList(), cancellationToken);
        return (await connection.QueryAsync<AbandonedTenant>(Sql.Command(
            $"""
            select t.id, t.code, t.state, j.id as open_job, t.activated_at is null as was_never_active,
                   exists (select from control.backups b where b.tenant_id = t.id) as has_backups,
                   exists (select from control.backups b where b.tenant_id = t.id and b.kind = 'final') as has_final_backup
            from control.tenants t
            left join control.jobs j on j.tenant_id = t.id and j.changing and j.finished_at is null
            cross join lateral (
              select count(*) as removals, max(d.finished_at) as last from control.jobs d where d.tenant_id = t.id and d.kind = 'destroy') d
            where (j.id is null or j.id = any(@ended)) and {MayBeAbandoned}
              and (d.last is null or d.last + least(interval '1 day', interval '10 minutes' * power(2, least(d.removals - 1, 10))) < @Now)
            order by t.id
            limit @limit
            """,
            new { limit, ended, Now = time.GetUtcNow() }, cancellationToken))).AsList();
    }
}
