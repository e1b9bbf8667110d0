using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Pools;

/// <summary>How the pool of one template on one server stands.</summary>
public sealed record WarmPoolView
{
    public long TemplateId { get; init; }
    public string TemplateCode { get; init; } = string.Empty;
    public string ServerCode { get; init; } = string.Empty;

    /// <summary>Ready clones that are wanted.</summary>
    public int Wanted { get; init; }

    /// <summary>Clones that an order can take now.</summary>
    public int Ready { get; init; }

    /// <summary>Clones that are being made.</summary>
    public int Filling { get; init; }

    /// <summary>Clones that are to be dropped, because the template has changed or fewer are wanted.</summary>
    public int Draining { get; init; }

    /// <summary>What its clones take on the disk.</summary>
    public long Bytes { get; init; }

    /// <summary>Orders that took a ready clone.</summary>
    public long Hits { get; init; }

    /// <summary>Orders that found none ready.</summary>
    public long Misses { get; init; }

    /// <summary>Why it is not filled now, in words; null if nothing keeps it from being filled.</summary>
    public string? Held { get; init; }
}

/// <summary>Shows how pools stand.</summary>
public sealed class WarmPoolViews(NpgsqlDataSource database)
{
    private const string ListSql =
        """
        select m.id as template_id, m.code as template_code, s.code as server_code, m.warm_pool_size as wanted,
               coalesce(e.ready, 0) as ready, coalesce(e.filling, 0) as filling, coalesce(e.draining, 0) as draining, coalesce(e.bytes, 0) as bytes,
               coalesce(w.hits, 0) as hits, coalesce(w.misses, 0) as misses,
               case when coalesce(e.ready, 0) >= m.warm_pool_size then null
                    when m.state <> 'ready' then 'The template is not ready.' else coalesce(e.reason, h.held) end as held
        from control.templates m
        join control.servers s on s.id = m.server_id
        left join control.warm_pools w on w.template_id = m.id
        left join control.warm_pool_servers h on h.server_id = m.server_id
        left join (
          select template_id, (count(*) filter (where state = 'ready'))::int as ready, (count(*) filter (where state = 'filling'))::int as filling,
                 (count(*) filter (where state = 'draining'))::int as draining, sum(bytes)::bigint as bytes,
                 max(reason) filter (where state = 'filling') as reason
          from control.pool_entries group by template_id) e on e.template_id = m.id
        where (@serverCode::text is null or s.code = @serverCode) and (@wantedOnly = false or m.warm_pool_size > 0 or e.template_id is not null)
        order by s.sequence, s.code, m.code
        """;

    /// <summary>The pools of all templates, or of those on one server.</summary>
    /// <param name="serverCode">The server; null for all.</param>
    /// <param name="wantedOnly">True leaves out templates that neither have nor want clones.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<IReadOnlyList<WarmPoolView>> ListAsync(string? serverCode, bool wantedOnly, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<WarmPoolView>(Sql.Command(ListSql, new { serverCode, wantedOnly }, cancellationToken))).AsList();
    }

    /// <summary>Active servers whose pools lack something, or have too much of it.</summary>
    /// <param name="all">True for every active server that has a template: what nobody knows of is looked for there.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<IReadOnlyList<PooledServerName>> FindServersAsync(bool all, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<PooledServerName>(Sql.Command(
            """
            select s.id, s.code from control.servers s
            where s.state = 'active' and (
              exists (
                select from control.templates m
                where m.server_id = s.id and (
                  @all or (m.warm_pool_size > 0 and m.state = 'ready' and not s.draining and m.warm_pool_size > (
                    select count(*) from control.pool_entries e
                    where e.template_id = m.id and e.state = 'ready' and e.source = m.database and e.content_hash = m.content_hash))))
              or exists (
                select from control.pool_entries e left join control.templates m on m.id = e.template_id
                where e.server_id = s.id and e.state <> 'taken' and (
                  e.state <> 'ready' or m.id is null or s.draining or m.state <> 'ready' or m.database <> e.source
                  or m.content_hash is distinct from e.content_hash))
              or exists (
                select from control.pool_entries e join control.templates m on m.id = e.template_id
                where e.server_id = s.id and e.state = 'ready' group by m.id having count(*) > m.warm_pool_size))
            order by s.id
            """,
            new { all }, cancellationToken))).AsList();
    }
}

/// <summary>A server whose pools are looked at.</summary>
/// <param name="Id">Its row.</param>
/// <param name="Code">Its code.</param>
public sealed record PooledServerName(long Id, string Code);
