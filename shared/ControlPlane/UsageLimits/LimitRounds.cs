using Bibind.ControlPlane.Notices;
using Bibind.ControlPlane.Tenants;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.ControlPlane.UsageLimits;

/// <summary>
/// Compares what tenants use with what they may use, by batches of tenants that no other machine has: each batch is one transaction with the
/// notices that follow. A repetition finds nobody whose turn it is.
/// </summary>
public sealed class LimitRounds(TenantChecks checks, INotices notices, TimeProvider time, ILogger<LimitRounds> logger)
{
    /// <summary>
    /// SQL: tenants <c>t</c> with their limits <c>r</c>: the resource, what is used of it and what is allowed. One place says what a limit is.
    /// </summary>
    internal const string From =
        """
        from control.tenants t
        join control.plan_versions p on p.code = t.plan and p.version = t.plan_version
        left join control.tenant_usage u on u.tenant_id = t.id
        cross join lateral (values
          ('users', u.users::bigint, coalesce(t.max_users, p.user_limit)::bigint),
          ('storage', case when u.measured_at is not null then u.total_bytes end, coalesce(t.max_storage_bytes, p.storage_quota_bytes))
        ) r (resource, used, allowed)
        """;

    /// <summary>SQL: all of the tenant was measured, and lately.</summary>
    internal const string IsCurrent = "(u.measured_at > @oldest and u.failed_at is null)";

    // Most tenants are far from their limits and have no row: those are not even read.
    private const string StandingsSql =
        $"""
        select t.id as tenant_id, t.code, t.state, r.resource, r.used, r.allowed, p.grace_days, coalesce(l.reached, 0) as reached, l.over_since, l.warned_at,
               coalesce({IsCurrent}, false) as is_current
        {From}
        left join control.tenant_limits l on l.tenant_id = t.id and l.resource = r.resource
        where t.id = any(@ids) and (l.tenant_id is not null or r.used::numeric * 100 >= r.allowed::numeric * @near)
        """;

    /// <summary>Looks at all whose turn it is; answers of how many tenants and limits something changed.</summary>
    public async Task<int> RunAsync(LimitTerms terms, DateTimeOffset moment, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(terms);
        await checks.ForgetEndedAsync("tenant_limits", NoticeKinds.QuotaReached, time.GetUtcNow(), cancellationToken);
        return await checks.RunAsync(
            TenantCheckNames.Limits, moment, terms.Period, (connection, transaction, taken) => CompareAsync(connection, transaction, taken, terms, cancellationToken), cancellationToken);
    }

    private async Task<int> CompareAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<long> tenants, LimitTerms terms, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var standings = await connection.QueryAsync<LimitStanding>(Sql.Command(
            StandingsSql, new { ids = tenants.ToArray(), near = LimitRules.Near, oldest = now - terms.MaxAge }, transaction, cancellationToken));
        var changes = standings.Select(s => (Before: s, After: LimitRules.Next(s, terms.Action, now))).ToList();
        await SaveAsync(connection, transaction, [.. changes.Select(c => c.After)], now, cancellationToken);
        var changed = changes.Where(c => c.Before != c.After).ToList();
        foreach (var (before, after) in changed)
        {
            await TellAsync(connection, transaction, before, after, cancellationToken);
        }

        return changed.Count;
    }

    private async Task TellAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, LimitStanding before, LimitStanding after, CancellationToken cancellationToken)
    {
        foreach (var left in new[] { LimitRules.Full, LimitRules.Near }.Where(threshold => before.Reached >= threshold && after.Reached < threshold))
        {
            await notices.CloseAsync(connection, transaction, Notice.QuotaReached(after.TenantId, after.Resource, left, string.Empty, string.Empty), cancellationToken);
        }

        if (before.WarnedAt is not null && after.WarnedAt is null)
        {
            await notices.CloseAsync(connection, transaction, Exceeded(before), cancellationToken);
        }

        // Who is told that the tenant will be suspended need not be told the threshold.
        var told = before.WarnedAt is null && after.WarnedAt is not null ? Exceeded(after)
            : after.Reached > before.Reached ? Notice.QuotaReached(after.TenantId, after.Resource, after.Reached, Show(after, after.Used), Show(after, after.Allowed))
            : null;
        if (told is not null && await notices.RaiseAsync(connection, transaction, told, cancellationToken) is not null)
        {
            Logs.LimitReached(logger, after.Code, after.Resource, after.Used ?? 0, after.Allowed ?? 0);
        }
    }

    private static Notice Exceeded(LimitStanding standing) => Notice.QuotaExceeded(
        standing.TenantId, standing.Resource, Show(standing, standing.Used), Show(standing, standing.Allowed), standing.WarnedAt!.Value.AddDays(standing.GraceDays));

    private static string Show(LimitStanding standing, long? amount) => LimitRules.Show(standing.Resource, amount ?? 0);

    // A row that says nothing goes.
    private static async Task SaveAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<LimitStanding> standings, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (standings.Count == 0)
        {
            return;
        }

        var kept = standings.Where(s => s.Reached > 0 || s.OverSince is not null).ToList();
        var over = standings.Except(kept).ToList();
        await connection.ExecuteAsync(Sql.Command(
            """
            delete from control.tenant_limits l using unnest(@goneTenants, @goneResources) g (tenant_id, resource)
            where l.tenant_id = g.tenant_id and l.resource = g.resource;
            insert into control.tenant_limits as l (tenant_id, resource, reached, used, allowed, over_since, warned_at, checked_at)
            select k.*, @now from unnest(@tenants, @resources, @reached, @used, @allowed, @overSince::timestamptz[], @warnedAt::timestamptz[]) k
            on conflict (tenant_id, resource) do update set
              reached = excluded.reached, used = excluded.used, allowed = excluded.allowed, over_since = excluded.over_since, warned_at = excluded.warned_at,
              checked_at = excluded.checked_at;
            """,
            new
            {
                goneTenants = over.Select(s => s.TenantId).ToArray(),
                goneResources = over.Select(s => s.Resource).ToArray(),
                tenants = kept.Select(s => s.TenantId).ToArray(),
                resources = kept.Select(s => s.Resource).ToArray(),
                reached = kept.Select(s => s.Reached).ToArray(),
                used = kept.Select(s => s.Used ?? 0).ToArray(),
                allowed = kept.Select(s => s.Allowed ?? 0).ToArray(),
                overSince = kept.Select(s => s.OverSince?.UtcDateTime).ToArray(),
                warnedAt = kept.Select(s => s.WarnedAt?.UtcDateTime).ToArray(),
                now,
            },
            transaction, cancellationToken));
    }
}
