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
        t.code as tenant, s.code as server, t.plan, t.state, u.measured_at, u.users, coalesce(t.max_users, p.user_limit) as user_limit, u.database_bytes, u.file_store_bytes, u.bucket_bytes,
        u.storage_bytes, u.total_bytes, coalesce(t.max_storage_bytes, p.storage_quota_bytes) as storage_quota_bytes, u.failed_at, u.reason
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

    /// <summary>What each tenant used on each day, by day and tenant; those that ended since included, and staging copies, which are not billed, left out.</summary>
    public async Task<Page<UsageDay>> ListDaysAsync(DateOnly from, DateOnly to, string? customer, PageRequest page, CancellationToken cancellationToken)
    {
        // Of a day that is not whole yet, or not yet made of its hours, the hours say it.
        const string Days =
            """
            from (
              select tenant_id, day, max(users) as users, max(database_bytes) as database_bytes, max(file_store_bytes) as file_store_bytes, max(bucket_bytes) as bucket_bytes
              from (
                select tenant_id, date_trunc('day', at, 'UTC') as day, users, database_bytes, file_store_bytes, bucket_bytes
                from control.usage_hours where at >= @from and at < @until
                union all
                select tenant_id, at, users, database_bytes, file_store_bytes, bucket_bytes from control.usage_days where at >= @from and at < @until) parts
              group by tenant_id, day) d
            join control.tenants t on t.id = d.tenant_id
            where (@customer::text is null or t.customer = @customer) and not exists (select from control.tenant_staging g where g.tenant_id = t.id)
            """;
        page = page.Checked();
        var parameters = new
        {
            from = new DateTimeOffset(from, TimeOnly.MinValue, TimeSpan.Zero),
            until = new DateTimeOffset(to, TimeOnly.MinValue, TimeSpan.Zero),
            customer,
            page.Offset,
            page.Size,
        };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) {Days}", parameters, cancellationToken));
        var items = await connection.QueryAsync<DayRow>(Sql.Command(
            $"""
            select t.code as tenant, t.id as tenant_id, t.plan, t.plan_version, d.day as at, d.users, d.database_bytes, d.file_store_bytes, d.bucket_bytes
            {Days} order by d.day, t.code, t.id offset @Offset limit @Size
            """,
            parameters, cancellationToken));
        return new Page<UsageDay>([.. items.Select(i => i.ToDay())], total, page.Number, page.Size);
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

    private sealed record DayRow
    {
        public string Tenant { get; init; } = string.Empty;
        public long TenantId { get; init; }
        public string Plan { get; init; } = string.Empty;
        public int PlanVersion { get; init; }
        public DateTimeOffset At { get; init; }
        public int? Users { get; init; }
        public long? DatabaseBytes { get; init; }
        public long? FileStoreBytes { get; init; }
        public long? BucketBytes { get; init; }

        public UsageDay ToDay() => new()
        {
            Tenant = Tenant,
            TenantId = TenantId,
            Plan = Plan,
            PlanVersion = PlanVersion,
            Day = DateOnly.FromDateTime(At.UtcDateTime),
            Users = Users,
            DatabaseBytes = DatabaseBytes,
            FileStoreBytes = FileStoreBytes,
            BucketBytes = BucketBytes,
        };
    }
}
