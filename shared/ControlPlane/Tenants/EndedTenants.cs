using Bibind.Contracts;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Tenants;

/// <summary>A tenant that was proved to be gone.</summary>
/// <param name="Place">Where it was.</param>
/// <param name="KeepsBackups">True if backups of it are kept on purpose.</param>
public sealed record EndedTenant(TenantDescriptor Place, bool KeepsBackups);

/// <summary>The last tenant that had a code, which was removed.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="GraceDays">Of its plan, as it was sold.</param>
/// <param name="BackupId">Its last backup, the final one where there is one; null if none was kept.</param>
public sealed record FormerTenant(Tenant Tenant, int GraceDays, string? BackupId);

/// <summary>Finds tenants that have ended and should be looked at again: a machine that slept meanwhile may have made something of theirs since.</summary>
public sealed class EndedTenants(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>Each comes a minute after its end, then after twice the time each, for a day; the longest waiting first.</summary>
    public async Task<IReadOnlyList<EndedTenant>> FindAsync(string jobId, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<Tenant, bool, EndedTenant>(
            Sql.Command(
                """
                select t.*, s.code as server_code, o.application, exists (select from control.backups b where b.tenant_id = t.id) as has_backups
                from control.tenants t join control.servers s on s.id = t.server_id join control.offer_versions o on o.code = t.offer and o.version = t.offer_version
                where t.state in ('failed', 'terminated') and not t.leftovers
                  and t.ended_at > @Now - interval '1 day'
                  and t.ended_at + case when t.looked_at > t.ended_at then 2 * (t.looked_at - t.ended_at) else interval '1 minute' end <= @Now
                order by greatest(t.looked_at, t.ended_at), t.id
                limit @limit
                """,
                new { limit, Now = time.GetUtcNow() }, cancellationToken),
            (tenant, hasBackups) => new EndedTenant(tenant.ToPlace(jobId), hasBackups),
            splitOn: "has_backups")).AsList();
    }

    /// <summary>Notes a look. What left something is among the <see cref="AbandonedTenants"/> from then on.</summary>
    public async Task NoteAsync(long tenantId, bool leftSomething, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "update control.tenants set looked_at = @Now, leftovers = @leftSomething where id = @tenantId and state in ('failed', 'terminated')",
            new { tenantId, leftSomething, Now = time.GetUtcNow() }, cancellationToken));
    }

    /// <summary>The last tenant with this code that was removed; null if none was.</summary>
    public async Task<FormerTenant?> FindFormerAsync(string code, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        if (await connection.QuerySingleOrDefaultAsync<Tenant>(Sql.Command(
            $"{TenantStore.Select} where t.code = @code and t.state = 'terminated' order by t.id desc limit 1", new { code }, cancellationToken)) is not { } tenant)
        {
            return null;
        }

        var (grace, backup) = await connection.QuerySingleAsync<(int, string?)>(Sql.Command(
            """
            select coalesce((select grace_days from control.plan_versions where code = @Plan and version = @PlanVersion), 0),
                   (select id from control.backups where tenant_id = @Id order by (kind = 'final') desc, created_at desc, id desc limit 1)
            """,
            new { tenant.Plan, tenant.PlanVersion, tenant.Id }, cancellationToken));
        return new FormerTenant(tenant, grace, backup);
    }
}
