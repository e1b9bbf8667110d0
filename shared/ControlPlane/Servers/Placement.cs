using Bibind.ControlPlane.Templates;
using Bibind.ControlPlane.Tenants;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Servers;

/// <summary>Finds servers for new tenants.</summary>
internal static class Placement
{
    // More would be a page that nobody reads; the first are those that come nearest.
    private const int MostNamed = 20;

    /// <summary>
    /// Locks every server that could take what is wished for, and answers them as they stand under the lock; what became of them
    /// meanwhile, <see cref="ServerStanding.ProblemWith"/> says.
    /// </summary>
    /// <remarks>
    /// All candidates are locked, in the order of their ids, because the choice depends on all their counts and two
    /// orders that lock one after the other in different orders could wait for each other. The lock excludes other
    /// orders and changes of state, and nothing else: rows that merely refer to a server need no more than its key.
    /// </remarks>
    public static async Task<IReadOnlyList<ServerStanding>> LockCandidatesAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, PlacementWish wish, CancellationToken cancellationToken)
    {
        var ids = (await connection.QueryAsync<long>(Sql.Command(
            $"""
            select s.id from control.servers s
            where s.state = 'active' and not s.draining and (s.health in ('healthy', 'unknown') or s.only_capacity_warns)
              and (@Region::text is null or s.region = @Region) and s.labels @> @Labels
              and (@Template::text is null
                or exists (select from control.templates m where m.server_id = s.id and m.code = @Template and m.state = '{TemplateStates.Ready}'))
            order by s.id for no key update of s
            """,
            new { wish.Template, wish.Region, Labels = wish.Labels.ToArray() }, transaction, cancellationToken))).ToArray();

        // A second statement sees what the transactions that held the locks before have committed; the first does not.
        return ids.Length == 0 ? [] : await ReadAsync(connection, transaction, wish, ids, cancellationToken);
    }

    /// <summary>All servers that are or may come into service, or those with the ids.</summary>
    public static async Task<IReadOnlyList<ServerStanding>> ReadAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, PlacementWish wish, long[]? ids, CancellationToken cancellationToken) =>
        (await connection.QueryAsync<ServerStanding>(Sql.Command(
            $"""
            select s.id as server_id, s.code as server_code, s.state, s.draining, s.health, s.health_reason, s.only_capacity_warns, s.region, s.labels, s.sequence,
                   s.max_tenants, c.used_places,
                   m.id as template_id, m.state as template_state, m.reason as template_reason, m.database as template_database,
                   m.content_hash as template_version, m.contents as template_contents, coalesce(m.warm_pool_size, 0) as template_warm_pool_size,
                   exists (select from control.tenants t where t.server_id = s.id and t.database = @DatabaseName and {TenantStates.IsLive})
                     or exists (select from control.templates o where o.server_id = s.id and o.database = @DatabaseName)
                     or exists (select from control.tenant_moves h join control.tenants t on t.id = h.tenant_id
                                where (h.held_server_id = s.id or h.copy_server_id = s.id) and t.database = @DatabaseName)
                     or exists (select from control.template_versions o
                                where o.server_id = s.id and o.database = @DatabaseName and o.state <> 'failed' and o.dropped_at is null) as database_taken
            from control.servers s
            left join control.templates m on m.server_id = s.id and m.code = @Template
            cross join lateral (
              select {ServerRows.UsedPlaces} as used_places from control.tenants t where t.server_id = s.id and {TenantStates.IsLive}) c
            where {ServerRows.IsThere} and s.state <> 'disabled' and (@ids::bigint[] is null or s.id = any(@ids))
            """,
            new { ids, wish.Template, wish.DatabaseName }, transaction, cancellationToken))).AsList();

    /// <summary>Those that can take it, the one to be taken first.</summary>
    public static IEnumerable<ServerStanding> Choose(IEnumerable<ServerStanding> servers, PlacementWish wish, string strategy)
    {
        var open = servers.Where(s => s.ProblemWith(wish) is null);
        var ordered = strategy == PlacementStrategies.Pack
            ? open.OrderBy(s => s.FreeShare).ThenBy(s => s.FreePlaces)
            : open.OrderByDescending(s => s.FreeShare).ThenByDescending(s => s.FreePlaces);
        return ordered.ThenBy(s => s.Sequence).ThenBy(s => s.ServerId);
    }

    /// <summary>Which were passed over and why, those first that came nearest.</summary>
    public static IReadOnlyList<(string Code, PassedOver Kind, string Words)> Explain(IEnumerable<ServerStanding> servers, PlacementWish wish) =>
    [
        .. from server in servers
           let problem = server.ProblemWith(wish)
           where problem is not null
           orderby problem.Value.Kind descending, server.ServerCode
           select (server.ServerCode, problem.Value.Kind, problem.Value.Words),
    ];

    /// <summary>Where a tenant is to stand, in words: <c>is in the region 'eu'</c>.</summary>
    public static string Wanted(PlacementWish wish) => string.Join(
        " and ",
        new[]
        {
            wish.Region is null ? null : $"is in the region '{wish.Region}'",
            wish.Labels.Count == 0 ? null : $"has the labels {string.Join(", ", wish.Labels)}",
        }.OfType<string>());

    /// <summary>Which were passed over and why, as a sentence; empty if there are none.</summary>
    public static string Sentence(IReadOnlyList<(string Code, PassedOver Kind, string Words)> passedOver) => passedOver.Count == 0
        ? string.Empty
        : $" Passed over: {string.Join("; ", passedOver.Take(MostNamed).Select(p => $"{p.Code} {p.Words}"))}"
            + (passedOver.Count > MostNamed ? $"; and {passedOver.Count - MostNamed} more." : ".");
}
