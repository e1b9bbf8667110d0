using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Staging;

/// <summary>Reads staging copies, and changes the day on which one is removed.</summary>
public sealed class StagingStore(NpgsqlDataSource database)
{
    // The newest result with a report is that of the content which is in the copy.
    private const string Select =
        """
        select g.*, t.code, t.host, t.base_url, t.state, t.reason, s.code as source, g.masking::text as masking_json,
               r.finished_at as refreshed_at, r.report::text as report_json
        from control.tenant_staging g
        join control.tenants t on t.id = g.tenant_id
        join control.tenants s on s.id = g.source_tenant_id
        left join lateral (
          select j.finished_at, j.result->'staging' as report from control.jobs j
          where j.tenant_id = g.tenant_id and j.kind in ('provision', 'restore') and j.outcome = 'succeeded' and jsonb_typeof(j.result->'staging') = 'object'
          order by j.created_at desc limit 1) r on true
        """;

    // Of a code the tenant that lives, else the last that had it; of a tenant the copy that lives, else the last one.
    private const string OfSource =
        $"""
        where g.source_tenant_id = (select t.id from control.tenants t where t.code = @source order by ({Tenants.TenantStates.IsLive}) desc, t.id desc limit 1)
        order by (g.expires_at is not null) desc, g.tenant_id desc limit 1
        """;

    /// <summary>The copy of the tenant with this code; null if it never had one.</summary>
    public async Task<StagingCopy?> FindAsync(string source, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<StagingCopy>(Sql.Command($"{Select} {OfSource}", new { source }, cancellationToken));
    }

    /// <summary>Gives a copy that lives another day to be removed on.</summary>
    /// <returns>False if it has ended, or is not of one of these versions any more.</returns>
    /// <param name="tenantId">The copy.</param>
    /// <param name="expiresAt">The day.</param>
    /// <param name="expected">The versions of which it must be one; null for any.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<bool> ExtendAsync(long tenantId, DateTimeOffset expiresAt, IReadOnlyCollection<int>? expected, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteAsync(Sql.Command(
            """
            update control.tenant_staging g set expires_at = @expiresAt, version = g.version + 1
            from control.tenants t
            where g.tenant_id = @tenantId and t.id = g.tenant_id and t.state not in ('terminating', 'terminated', 'failed')
              and g.expires_at is not null and (@expected::int[] is null or g.version = any(@expected))
            """,
            new { tenantId, expiresAt, expected = expected?.ToArray() }, cancellationToken)) > 0;
    }

    /// <summary>Copies whose time is up, or whose tenant is gone, and that nothing keeps from being removed.</summary>
    public async Task<IReadOnlyList<StagingCopy>> ListDueAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<StagingCopy>(Sql.Command(
            """
            select g.tenant_id, g.source_tenant_id, t.code, s.code as source, t.state, g.expires_at
            from control.tenant_staging g join control.tenants t on t.id = g.tenant_id join control.tenants s on s.id = g.source_tenant_id
            where g.expires_at is not null and (g.expires_at <= @now or s.state = 'terminated') and t.state in ('active', 'suspended')
              and not exists (select from control.jobs j where j.tenant_id = t.id and j.changing and j.finished_at is null)
            order by g.expires_at limit @limit
            """,
            new { now, limit }, cancellationToken))).AsList();
    }

    /// <summary>True if a copy is still to be removed; asked in the transaction that begins it, so that nobody extends it in between.</summary>
    public static Task<bool> IsDueAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, DateTimeOffset now, CancellationToken cancellationToken) =>
        connection.ExecuteScalarAsync<bool>(Sql.Command(
            """
            select exists (
              select from control.tenant_staging g join control.tenants s on s.id = g.source_tenant_id
              where g.tenant_id = @tenantId and (g.expires_at <= @now or s.state = 'terminated') for update of g)
            """,
            new { tenantId, now }, transaction, cancellationToken));

    /// <summary>Backups that became copies whose job has ended, and that were not deleted then: tenant and id.</summary>
    public async Task<IReadOnlyList<(long TenantId, string Id)>> ListLeftBackupsAsync(int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<(long, string)>(Sql.Command(
            """
            select b.tenant_id, b.id from control.backups b
            where b.kind = 'staging' and not exists (select from control.jobs j where j.id || '-staging' = b.id and j.finished_at is null)
            order by b.id limit @limit
            """,
            new { limit }, cancellationToken))).AsList();
    }
}
