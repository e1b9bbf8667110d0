using Bibind.ControlPlane.Tenants;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Usage;

/// <summary>Reads what tenants use.</summary>
public sealed class UsageStore(NpgsqlDataSource database)
{
    private const string From =
        """
        from control.tenant_usage u
        join control.tenants t on t.id = u.tenant_id
        join control.servers s on s.id = t.server_id
        join control.plan_versions p on p.code = t.plan and p.version = t.plan_version
        """;

    private const string Columns =
        """
        t.code as tenant, s.code as server, t.plan, t.state, u.measured_at, u.users, p.user_limit, u.database_bytes, u.file_store_bytes, u.bucket_bytes,
        u.storage_bytes, u.total_bytes, p.storage_quota_bytes, u.failed_at, u.reason
        """;

    private const string History =
        """
        from (
          select at, 'hour' as period, users, database_bytes, file_store_bytes, bucket_bytes from control.usage_hours
          where tenant_id = @tenantId and at >= @from and at < @to
          union all
          select at, 'day', users, database_bytes, file_store_bytes, bucket_bytes from control.usage_days
          where tenant_id = @tenantId and at >= @from and at < @to) h
        """;

    /// <summary>The usage of all tenants that are measured, by page.</summary>
    public async Task<Page<TenantUsage>> ListAsync(UsageFilter filter, PageRequest page, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        const string Where =
            $"""
            where {TenantStates.IsLive} and (@Server::text is null or s.code = @Server) and (@Plan::text is null or t.plan = @Plan)
              and (@Customer::text is null or t.customer = @Customer)
            """;
        page = page.Checked();
        var order = filter.Sort switch
        {
            UsageSorts.Users => "u.users desc nulls last, u.tenant_id",
            UsageSorts.Tenant => "t.code, u.tenant_id",
            _ => "u.total_bytes desc, u.tenant_id",
        };
        var parameters = new { filter.Server, filter.Plan, filter.Customer, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) {From} {Where}", parameters, cancellationToken));
        var items = await connection.QueryAsync<TenantUsage>(Sql.Command(
            $"select {Columns} {From} {Where} order by {order} offset @Offset limit @Size", parameters, cancellationToken));
        return new Page<TenantUsage>(items.AsList(), total, page.Number, page.Size);
    }

    /// <summary>A tenant's history, the newest first: hours of the last days, days before.</summary>
    public async Task<Page<UsagePoint>> ListHistoryAsync(
        long tenantId, DateTimeOffset from, DateTimeOffset to, PageRequest page, CancellationToken cancellationToken)
    {
        page = page.Checked();
        var parameters = new { tenantId, from, to, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) {History}", parameters, cancellationToken));
        var items = await connection.QueryAsync<UsagePoint>(Sql.Command(
            $"select h.* {History} order by at desc, period offset @Offset limit @Size", parameters, cancellationToken));
        return new Page<UsagePoint>(items.AsList(), total, page.Number, page.Size);
    }

    /// <summary>What the tenants of each plan on each server use together.</summary>
    public async Task<IReadOnlyList<UsageTotal>> SumAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<UsageTotal>(Sql.Command(
            """
            select s.code as server, t.plan, count(*)::int as tenants, (count(*) filter (where u.reason is not null))::int as failing,
                   coalesce(sum(u.users), 0)::bigint as users, coalesce(sum(u.database_bytes), 0)::bigint as database_bytes,
                   coalesce(sum(u.storage_bytes), 0)::bigint as storage_bytes
            from control.tenant_usage u join control.tenants t on t.id = u.tenant_id join control.servers s on s.id = t.server_id
            group by s.code, t.plan order by s.code, t.plan
            """,
            null, cancellationToken))).AsList();
    }
}
