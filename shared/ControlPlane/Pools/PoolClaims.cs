using Bibind.Contracts;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Pools;

/// <summary>Gives ready clones to orders, in the transactions that begin and end those.</summary>
public static class PoolClaims
{
    // The row is locked until the order's reservation commits, and others pass it over: nobody gets it twice, nobody waits for it.
    private const string TakeSql =
        """
        with one as (
          select id from control.pool_entries
          where template_id = @templateId and state = 'ready' and source = @source and content_hash = @contentHash
          order by id limit 1 for update skip locked),
        taken as (
          update control.pool_entries e set state = 'taken', tenant_id = @tenantId, taken_at = @now
          from one where e.id = one.id returning e.*),
        given as (
          insert into control.databases as d (server_id, oid, name, tenant_id, purpose, recorded_at)
          select server_id, oid, database, @tenantId, 'pool', @now from taken
          on conflict (server_id, oid) do update set tenant_id = excluded.tenant_id, template_id = null, purpose = 'pool' where d.purpose = 'pool'
          returning oid),
        counted as (
          insert into control.warm_pools as w (template_id, hits, misses)
          select @templateId, (select count(*) from taken), 1 - (select count(*) from taken)
          on conflict (template_id) do update set hits = w.hits + excluded.hits, misses = w.misses + excluded.misses)
        select id as entry_id, database, oid, bytes, has_files from taken
        """;

    private const string OfTenantSql = "select id as entry_id, database, oid, bytes, has_files from control.pool_entries where tenant_id = @tenantId";

    /// <summary>
    /// What ends with the order: the entry goes where its database bears the tenant's name or is gone; one that could not be used is
    /// dropped by the next round.
    /// </summary>
    public const string EndSql =
        """
        delete from control.pool_entries e
        where e.tenant_id = @tenantId
          and not exists (select from control.databases d where d.server_id = e.server_id and d.oid = e.oid and d.purpose = 'pool');
        update control.pool_entries set state = 'draining', tenant_id = null, next_at = null where tenant_id = @tenantId
        """;

    /// <summary>Takes a ready clone of exactly this version of the template for a tenant; null if there is none, or none is wished for.</summary>
    public static async Task<PooledClone?> TakeAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, PoolWish? wish, DateTimeOffset now, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return wish is null ? null : (await connection.QueryAsync<Row>(Sql.Command(
            TakeSql, new { tenantId, templateId = wish.TemplateId, source = wish.Source, contentHash = wish.ContentHash, now }, transaction, cancellationToken)))
            .SingleOrDefault()?.ToClone();
    }

    /// <summary>What a tenant that is being provisioned has taken; null if nothing.</summary>
    public static async Task<PooledClone?> FindAsync(NpgsqlConnection connection, long tenantId, CancellationToken cancellationToken) => (await connection.QuerySingleOrDefaultAsync<Row>(Sql.Command(OfTenantSql, new { tenantId }, cancellationToken)))?.ToClone();

    private sealed record Row
    {
        public long EntryId { get; init; }
        public string Database { get; init; } = string.Empty;
        public long Oid { get; init; }
        public long Bytes { get; init; }
        public bool HasFiles { get; init; }

        public PooledClone ToClone() => new(EntryId, Database, Oid, Bytes, HasFiles);
    }
}

/// <summary>Which template's clone an order wants.</summary>
/// <param name="TemplateId">The template.</param>
/// <param name="Source">Its database.</param>
/// <param name="ContentHash">Its version.</param>
public sealed record PoolWish(long TemplateId, string Source, string ContentHash);
