using Bibind.Contracts;
using Bibind.ControlPlane.Templates;
using Bibind.ControlPlane.Tenants;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.ControlPlane.Servers;

/// <summary>A server's offer to take a tenant; its row is locked until the transaction ends.</summary>
internal sealed record Place
{
    public long ServerId { get; init; }
    public string ServerCode { get; init; } = string.Empty;
    public int MaxTenants { get; init; }
    public int TenantCount { get; init; }
    public bool DatabaseTaken { get; init; }
    public long TemplateId { get; init; }
    public string TemplateDatabase { get; init; } = string.Empty;
    public string? TemplateVersion { get; init; }

    /// <summary>What the template offers on this server; null until somebody has looked.</summary>
    public TemplateContents? TemplateContents { get; init; }

    /// <summary>Room is measured before the order, in whole numbers: no rounding lets one more in.</summary>
    public bool HasRoom(int minimumFreePercent) =>
        TenantCount < MaxTenants && (long)(MaxTenants - TenantCount) * 100 >= (long)minimumFreePercent * MaxTenants;
}

/// <summary>Finds servers for new tenants.</summary>
internal sealed class Placement(IOptions<PlacementOptions> options)
{
    private const string CanTake = "s.state = 'active' and s.health in ('healthy', 'unknown')";

    public int MinimumFreePercent => options.Value.MinimumFreePercent;

    /// <summary>
    /// Locks every server that could take a tenant from the template, and answers them as they stand under the lock,
    /// the one with the most available capacity first.
    /// </summary>
    /// <remarks>
    /// All candidates are locked, in the order of their ids, because the choice depends on all their counts and two
    /// orders that lock one after the other in different orders could wait for each other. The lock excludes other
    /// orders and changes of state, and nothing else: rows that merely refer to a server need no more than its key.
    /// </remarks>
    public static async Task<IReadOnlyList<Place>> LockCandidatesAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string template, string databaseName, CancellationToken cancellationToken)
    {
        var ids = (await connection.QueryAsync<long>(Sql.Command(
            $"""
            select s.id from control.servers s
            where {CanTake} and exists (
              select from control.templates m where m.server_id = s.id and m.code = @template and m.state = '{TemplateStates.Ready}')
            order by s.id for no key update of s
            """,
            new { template }, transaction, cancellationToken))).ToArray();
        if (ids.Length == 0)
        {
            return [];
        }

        // A second statement sees what the transactions that held the locks before have committed; the first does not.
        return (await connection.QueryAsync<Place>(Sql.Command(
            $"""
            select s.id as server_id, s.code as server_code, s.max_tenants, c.tenant_count,
                   m.id as template_id, m.database as template_database, m.content_hash as template_version, m.contents as template_contents,
                   exists (select from control.tenants t where t.server_id = s.id and t.database = @databaseName and {TenantStates.IsLive})
                     or exists (select from control.templates o where o.server_id = s.id and o.database = @databaseName) as database_taken
            from control.servers s
            join control.templates m on m.server_id = s.id and m.code = @template and m.state = '{TemplateStates.Ready}'
            cross join lateral (
              select count(*)::int as tenant_count from control.tenants t where t.server_id = s.id and {TenantStates.IsLive}) c
            where s.id = any(@ids) and {CanTake}
            order by (s.max_tenants - c.tenant_count)::numeric / s.max_tenants desc, s.max_tenants - c.tenant_count desc, s.sequence, s.id
            """,
            new { ids, template, databaseName }, transaction, cancellationToken))).AsList();
    }

    /// <summary>Servers that take tenants at all, whatever their templates.</summary>
    public static Task<int> CountActiveAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellationToken) =>
        connection.ExecuteScalarAsync<int>(Sql.Command(
            $"select count(*)::int from control.servers s where {CanTake}", null, transaction, cancellationToken));
}
