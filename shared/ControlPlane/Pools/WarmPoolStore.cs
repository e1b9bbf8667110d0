using Bibind.Contracts;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Pools;

/// <summary>The ready clones in the control database.</summary>
public sealed class WarmPoolStore(NpgsqlDataSource database, TimeProvider time) : IWarmPools
{
    // Of one server's pools one plan is made at a time; orders take entries meanwhile.
    private const int PlanLock = 1_101_000;
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(30);
    private const int MostDoublings = 6;

    private const string ServerSql =
        """
        select s.id, s.code, s.state, s.draining, s.health, s.only_capacity_warns, s.removed_at is not null as removed, s.disk_gb,
               (c.measures->>'databaseBytes')::bigint as database_bytes, (c.measures->>'fileStoreFreeBytes')::bigint as file_store_free_bytes,
               (c.measures->>'fileStoreBytes')::bigint as file_store_bytes,
               (select count(*) from control.jobs j join control.tenants t on t.id = j.tenant_id
                where t.server_id = s.id and t.state = 'provisioning' and j.finished_at is null and j.created_at > @Young) as orders
        from control.servers s
        left join lateral (select measures from control.server_checks where server_id = s.id order by id desc limit 1) c on true
        where s.id = @serverId
        """;

    private const string TemplatesSql =
        """
        select id, database, content_hash, coalesce(bytes, 0) as bytes, warm_pool_size as wanted
        from control.templates where server_id = @serverId and state = 'ready' and content_hash is not null order by id
        """;

    private const string EntriesSql =
        """
        select id, server_id, template_id, database, source, content_hash, state, oid, next_at, ready_at
        from control.pool_entries where server_id = @serverId order by id
        """;

    /// <inheritdoc/>
    public async Task<string> GetLabelAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleAsync<string>(Sql.Command(
            """
            insert into control.warm_pool_label (label) values (left(replace(gen_random_uuid()::text, '-', ''), 8)) on conflict (only_one) do nothing;
            select label from control.warm_pool_label
            """,
            null, cancellationToken));
    }

    /// <inheritdoc/>
    public async Task<WarmPoolPlan> PlanAsync(long serverId, WarmPoolLimits limits, SeenPoolDatabases? seen, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(limits);
        var now = time.GetUtcNow();
        var label = await GetLabelAsync(cancellationToken);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "select pg_advisory_xact_lock(@PlanLock, hashint8(@serverId))", new { PlanLock, serverId }, transaction, cancellationToken));
        var parameters = new { serverId, Young = now - limits.OrdersFirst };
        var server = await connection.QuerySingleAsync<PooledServer>(Sql.Command(ServerSql, parameters, transaction, cancellationToken));
        var templates = (await connection.QueryAsync<PooledTemplate>(Sql.Command(TemplatesSql, parameters, transaction, cancellationToken))).AsList();
        var before = (await connection.QueryAsync<PoolEntryRow>(Sql.Command(EntriesSql, parameters, transaction, cancellationToken))).AsList();

        var decision = WarmPoolDecision.Of(server, templates, before, seen, limits);
        await WriteAsync(connection, transaction, server, decision, label, now, cancellationToken);
        var entries = (await connection.QueryAsync<PoolEntryRow>(Sql.Command(EntriesSql, parameters, transaction, cancellationToken))).AsList();
        await transaction.CommitAsync(cancellationToken);

        var due = entries.Where(e => e.NextAt is null || e.NextAt <= now).ToList();
        var mayDrop = WarmPoolDecision.MayDrop(server);
        var strangers = seen?.Databases.Keys.Except(entries.Select(e => e.Database), StringComparer.Ordinal).Order(StringComparer.Ordinal) ?? Enumerable.Empty<string>();
        var fill = decision.Held is null ? due.Where(e => e.State == PoolEntryStates.Filling).Take(limits.AtOnce).Select(e => e.ToEntry(server.Code)).ToList() : [];
        var drop = mayDrop
            ? due.Where(e => e.State == PoolEntryStates.Draining).Select(e => e.ToEntry(server.Code))
                .Concat(strangers.Select(name => new PoolEntry { EntryId = 0, ServerId = server.Id, ServerCode = server.Code, Database = name }))
                .Take(limits.DroppedAtOnce).ToList()
            : [];
        var isUnfinished = fill.Count > 0 || entries.Any(e => e.State == PoolEntryStates.Draining && due.Contains(e));
        return new WarmPoolPlan
        {
            Fill = fill,
            Drop = drop,
            Wait = decision.IsHeldShortly && HasWork(entries, templates, server) ? limits.Pause : mayDrop && isUnfinished ? TimeSpan.Zero : null,
        };
    }

    /// <inheritdoc/>
    public async Task<bool> IsFillingAsync(long entryId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<bool>(Sql.Command(
            "select exists (select from control.pool_entries where id = @entryId and state = 'filling')", new { entryId }, cancellationToken));
    }

    /// <inheritdoc/>
    public async Task MarkReadyAsync(long entryId, long oid, long bytes, bool hasFiles, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.pool_entries e
            set oid = @oid, bytes = @bytes, has_files = @hasFiles, reason = null, next_at = null, attempts = 0, ready_at = @Now,
                state = case when exists (
                  select from control.templates m
                  where m.id = e.template_id and m.state = 'ready' and m.database = e.source and m.content_hash = e.content_hash) then 'ready' else 'draining' end
            where e.id = @entryId and e.state = 'filling'
            """,
            new { entryId, oid, bytes, hasFiles, Now = time.GetUtcNow() }, cancellationToken));
    }

    /// <inheritdoc/>
    public async Task PutOffAsync(long entryId, string reason, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.pool_entries
            set attempts = attempts + 1, reason = @reason, next_at = @Now + @FirstWait * power(2, least(attempts, @MostDoublings))
            where id = @entryId and state in ('filling', 'draining')
            """,
            new { entryId, reason, Now = time.GetUtcNow(), FirstWait, MostDoublings }, cancellationToken));
    }

    /// <inheritdoc/>
    public async Task ForgetAsync(long entryId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "delete from control.pool_entries where id = @entryId and state = 'draining'", new { entryId }, cancellationToken));
    }

    // An order that has taken an entry since it was read keeps it.
    private static async Task WriteAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, PooledServer server, WarmPoolDecision decision, string label, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.pool_entries set state = 'draining', next_at = null, attempts = 0 where id = any(@Drained) and state in ('filling', 'ready');
            insert into control.warm_pool_servers (server_id, held, planned_at) values (@ServerId, @Held, @now)
            on conflict (server_id) do update set held = excluded.held, planned_at = excluded.planned_at;
            insert into control.pool_entries (id, server_id, template_id, database, source, content_hash, state, created_at)
            overriding system value
            select n.id, @ServerId, n.template_id, format('pool_%s_%s', @label::text, n.id), n.source, n.content_hash, 'filling', @now
            from (
              select nextval(pg_get_serial_sequence('control.pool_entries', 'id')) as id, w.*
              from unnest(@Templates::bigint[], @Sources::text[], @Hashes::text[]) as w (template_id, source, content_hash)) n
            """,
            new
            {
                ServerId = server.Id,
                Drained = decision.ToDrain.ToArray(),
                decision.Held,
                now,
                label,
                Templates = decision.ToMake.Select(t => t.Id).ToArray(),
                Sources = decision.ToMake.Select(t => t.Database).ToArray(),
                Hashes = decision.ToMake.Select(t => t.ContentHash).ToArray(),
            },
            transaction, cancellationToken));
    }

    private static bool HasWork(List<PoolEntryRow> entries, List<PooledTemplate> templates, PooledServer server) =>
        entries.Exists(e => e.State is PoolEntryStates.Filling or PoolEntryStates.Draining)
        || (!server.WantsNone && templates.Exists(t => entries.Count(e => e.State == PoolEntryStates.Ready && t.IsCurrent(e)) < t.Wanted));
}
