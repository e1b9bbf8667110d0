using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.UsageLimits;

/// <summary>Finds the tenants that are to be suspended because of what they use, and those that may be opened again.</summary>
public sealed class LimitStore(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>Who orders the jobs.</summary>
    public const string By = "limits";

    // No job is in the way, and an order that came to nothing is not repeated at once.
    private const string IsFree =
        """
        not exists (select from control.jobs j where j.tenant_id = t.id and j.finished_at is null and j.changing)
        and not exists (select from control.jobs j where j.tenant_id = t.id and j.created_at > @pause and j.kind = @kind and j.requested_by = @By)
        """;

    private const string Exceeds =
        $"""
        {LimitRounds.From}
        join control.tenant_limits l on l.tenant_id = t.id and l.resource = r.resource
        where t.state = 'active' and r.used > r.allowed and {LimitRounds.IsCurrent} and l.warned_at + make_interval(days => p.grace_days) <= @now
        """;

    // What a subscription wants closed is opened once that wants it open.
    private const string MayOpen =
        $"""
        from control.tenant_suspensions x join control.tenants t on t.id = x.tenant_id
        where x.cause = 'quota' and x.lifted_by is null and x.suspended_at is not null and x.failure is null and t.state = 'suspended'
          and not exists (select from control.subscriptions s where s.tenant_id = t.id and s.state in ('suspended', 'expired', 'cancelled'))
          and not exists (select {LimitRounds.From} where t.id = x.tenant_id and r.used > r.allowed)
        """;

    private static readonly TimeSpan Pause = TimeSpan.FromHours(1);

    /// <summary>Tenants that still use more than they may after their grace, by a measurement of today, the longest first.</summary>
    public async Task<IReadOnlyList<LimitedTenant>> FindToSuspendAsync(TimeSpan maxAge, int most, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<LimitedTenant>(Sql.Command(
            $"""
            select d.tenant_id, d.code from (
              select distinct on (t.id) t.id as tenant_id, t.code, l.warned_at {Exceeds} and l.warned_at is not null and {IsFree}
              order by t.id, l.warned_at) d
            order by d.warned_at limit @most
            """,
            new { now, oldest = now - maxAge, pause = now - Pause, kind = JobKinds.Suspend, By, most }, cancellationToken))).AsList();
    }

    /// <summary>Why a tenant is to be suspended, in words, with its row locked until the caller's transaction ends; null if it is not any more.</summary>
    public async Task<string?> ExplainAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, LimitedTenant tenant, TimeSpan maxAge, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(tenant);
        var now = time.GetUtcNow();
        await TenantStore.LockAsync(connection, transaction, tenant.TenantId, cancellationToken);
        var exceeded = await connection.QuerySingleOrDefaultAsync<Exceeded>(Sql.Command(
            $"select r.resource, r.used, r.allowed, l.over_since {Exceeds} and t.id = @TenantId order by r.resource limit 1",
            new { tenant.TenantId, now, oldest = now - maxAge }, transaction, cancellationToken));
        return exceeded is null
            ? null
            : FormattableString.Invariant(
                $"It uses {Words(exceeded.Resource, exceeded.Used)}, and {Words(exceeded.Resource, exceeded.Allowed)} are allowed; since {exceeded.OverSince.UtcDateTime:yyyy-MM-dd}, and the grace is over.");
    }

    /// <summary>Tenants that were suspended because of what they use, and that are within their limits now.</summary>
    public async Task<IReadOnlyList<LimitedTenant>> FindToOpenAsync(int most, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<LimitedTenant>(Sql.Command(
            $"""
            select t.id as tenant_id, t.code {MayOpen} and {IsFree}
            order by t.id limit @most
            """,
            new { pause = time.GetUtcNow() - Pause, kind = JobKinds.Resume, By, most }, cancellationToken))).AsList();
    }

    /// <summary>True if the tenant may be opened, with its row locked until the caller's transaction ends.</summary>
    public static async Task<bool> MayOpenAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, LimitedTenant tenant, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(tenant);
        await TenantStore.LockAsync(connection, transaction, tenant.TenantId, cancellationToken);
        return await connection.ExecuteScalarAsync<bool>(Sql.Command(
            $"select exists (select {MayOpen} and t.id = @TenantId)", new { tenant.TenantId }, transaction, cancellationToken));
    }

    /// <summary>How many tenants have reached which threshold.</summary>
    public async Task<IReadOnlyList<LimitCount>> CountAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<LimitCount>(Sql.Command(
            """
            select resource, reached, count(*)::int as tenants, (count(*) filter (where over_since is not null))::int as over
            from control.tenant_limits where reached > 0 group by resource, reached order by resource, reached
            """,
            null, cancellationToken))).AsList();
    }

    private static string Words(string resource, long amount) =>
        resource == LimitedResources.Users ? PlainText.Count(amount, "internal user") : LimitRules.Show(resource, amount);

    private sealed record Exceeded
    {
        public string Resource { get; init; } = string.Empty;
        public long Used { get; init; }
        public long Allowed { get; init; }
        public DateTimeOffset OverSince { get; init; }
    }
}
