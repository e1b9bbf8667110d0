using System.Diagnostics.CodeAnalysis;
using Bibind.Contracts;
using Bibind.Durable;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Tenants;

/// <summary>Reads tenants; <see cref="TenantLifecycle"/> changes them.</summary>
public sealed class TenantStore(NpgsqlDataSource database)
{
    /// <summary>Said about a code that no tenant has.</summary>
    public const string NoSuchTenant = "There is no tenant with this code; GET /api/tenants lists them.";

    internal const string Select =
        """
        select t.*, s.code as server_code, o.application, u.measured_at as usage_measured_at, u.reason as usage_reason,
               x.cause as suspension_cause, x.reason as suspension_reason, x.ordered_at as suspension_ordered_at, x.suspended_at, x.failure as suspension_failure,
               g.source_tenant_id as staging_of_id, gs.code as staging_of, g.expires_at as staging_expires_at
        from control.tenants t
        join control.servers s on s.id = t.server_id
        join control.offer_versions o on o.code = t.offer and o.version = t.offer_version
        left join control.tenant_usage u on u.tenant_id = t.id
        left join control.tenant_suspensions x on x.tenant_id = t.id
        left join control.tenant_staging g on g.tenant_id = t.id
        left join control.tenants gs on gs.id = g.source_tenant_id
        """;

    // Of the tenants with a code the live one, else the newest.
    internal const string ByCode = $"where t.code = @code order by ({TenantStates.IsLive}) desc, t.id desc limit 1";

    // For changes of the row itself; rows that refer to it may come meanwhile.
    private const string Lock = "for no key update of t";

    /// <summary>The live tenant with this code, else the newest that had it, else null.</summary>
    public async Task<Tenant?> FindAsync(string code, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Tenant>(Sql.Command($"{Select} {ByCode}", new { code }, cancellationToken));
    }

    /// <summary>The tenant with this id, or null.</summary>
    public async Task<Tenant?> GetAsync(long id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Tenant>(Sql.Command($"{Select} where t.id = @id", new { id }, cancellationToken));
    }

    /// <summary>The state of a tenant, read in the caller's transaction: a second connection for each of many repetitions could use up the pool.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "One injected service reads tenants.")]
    public async Task<string> GetStateAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long id, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return await connection.QuerySingleAsync<string>(Sql.Command("select state from control.tenants where id = @id", new { id }, transaction, cancellationToken));
    }

    /// <summary>As <see cref="FindAsync"/>, with the row locked until the caller's transaction ends.</summary>
    internal static Task<Tenant?> LockAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string code, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<Tenant>(Sql.Command($"{Select} {ByCode} {Lock}", new { code }, transaction, cancellationToken));

    /// <summary>As <see cref="GetAsync"/>, with the row locked until the caller's transaction ends.</summary>
    internal static Task<Tenant?> LockAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long id, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<Tenant>(Sql.Command($"{Select} where t.id = @id {Lock}", new { id }, transaction, cancellationToken));

    /// <summary>Where the tenant lives, as the steps of the given job see it.</summary>
    /// <exception cref="PermanentFailureException">There is no such tenant.</exception>
    public async Task<TenantDescriptor> GetPlaceAsync(long tenantId, string jobId, CancellationToken cancellationToken) =>
        (await GetAsync(tenantId, cancellationToken))?.ToPlace(jobId)
        ?? throw new PermanentFailureException($"There is no tenant {tenantId} in the control database.");

    /// <summary>Tenants by page, newest first.</summary>
    public async Task<Page<Tenant>> ListAsync(TenantFilter filter, PageRequest page, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        const string Matching =
            """
            from control.tenants t join control.servers s on s.id = t.server_id
            where (@State::text is null or t.state = @State)
              and (@Code::text is null or t.code = @Code)
              and (@ServerCode::text is null or s.code = @ServerCode)
              and (@Customer::text is null or t.customer = @Customer)
              and (@StagingOf::text is null or exists (
                select from control.tenant_staging h join control.tenants o on o.id = h.source_tenant_id where h.tenant_id = t.id and o.code = @StagingOf))
              and (@Pending::text is null or exists (
                select from control.pending_items p where p.tenant_id = t.id and (@Pending = 'any' or p.kind = @Pending)))
            """;
        page = page.Checked();
        var parameters = new { filter.State, filter.Code, filter.ServerCode, filter.Customer, filter.StagingOf, filter.Pending, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command(
            $"select count(*) {Matching}", parameters, cancellationToken));

        // Which they are first: what is known of a tenant is put together for those that are shown, not for all before them.
        var items = await connection.QueryAsync<Tenant>(Sql.Command(
            $"{Select} where t.id = any(array(select t.id {Matching} order by t.id desc offset @Offset limit @Size)) order by t.id desc", parameters, cancellationToken));
        return new Page<Tenant>(items.AsList(), total, page.Number, page.Size);
    }
}
