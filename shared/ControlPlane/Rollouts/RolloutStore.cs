using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Rollouts;

/// <summary>Reads rollouts.</summary>
public sealed class RolloutStore(NpgsqlDataSource database)
{
    internal const string Select = "select r.* from control.rollouts r";

    internal const string SelectTenants =
        "select m.*, t.code, t.maintenance_window::text as maintenance_window from control.rollout_tenants m join control.tenants t on t.id = m.tenant_id";

    private const string SelectWaves =
        """
        select w.*,
          count(*) filter (where t.state = 'pending')::integer as pending, count(*) filter (where t.state = 'running')::integer as running,
          count(*) filter (where t.state = 'succeeded')::integer as succeeded, count(*) filter (where t.state = 'failed')::integer as failed,
          count(*) filter (where t.state = 'rolled_back')::integer as rolled_back, count(*) filter (where t.state = 'skipped')::integer as skipped,
          count(*) filter (where t.state = 'held')::integer as held, count(*) filter (where t.is_failure)::integer as failures
        from control.rollout_waves w left join control.rollout_tenants t on t.rollout_id = w.rollout_id and t.wave = w.number
        where w.rollout_id = @id group by w.rollout_id, w.number order by w.number
        """;

    /// <summary>The rollout, or null.</summary>
    public async Task<Rollout?> FindAsync(long id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await FindAsync(connection, null, id, cancellationToken);
    }

    /// <summary>Rollouts by page, newest first.</summary>
    public async Task<Page<Rollout>> ListAsync(string? state, string? offer, PageRequest page, CancellationToken cancellationToken)
    {
        const string Where = "where (@state::text is null or r.state = @state) and (@offer::text is null or r.offer = @offer)";
        page = page.Checked();
        var parameters = new { state, offer, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) from control.rollouts r {Where}", parameters, cancellationToken));
        var items = await connection.QueryAsync<Rollout>(Sql.Command($"{Select} {Where} order by r.id desc offset @Offset limit @Size", parameters, cancellationToken));
        return new Page<Rollout>(items.AsList(), total, page.Number, page.Size);
    }

    /// <summary>Its waves, in their order, and how their tenants stand.</summary>
    public async Task<IReadOnlyList<RolloutWave>> ListWavesAsync(long id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await ListWavesAsync(connection, null, id, cancellationToken);
    }

    /// <summary>Its tenants by page, in the order of their turns; those that were passed over last.</summary>
    public async Task<Page<RolloutTenant>> ListTenantsAsync(long id, string? state, int? wave, PageRequest page, CancellationToken cancellationToken)
    {
        const string Where = "where m.rollout_id = @id and (@state::text is null or m.state = @state) and (@wave::integer is null or m.wave = @wave)";
        page = page.Checked();
        var parameters = new { id, state, wave, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) from control.rollout_tenants m {Where}", parameters, cancellationToken));
        var items = await connection.QueryAsync<RolloutTenant>(Sql.Command(
            $"{SelectTenants} {Where} order by m.wave, m.position, m.tenant_id offset @Offset limit @Size", parameters, cancellationToken));
        return new Page<RolloutTenant>(items.AsList(), total, page.Number, page.Size);
    }

    /// <summary>Who steered what and why, newest first.</summary>
    public async Task<Page<RolloutChange>> ListChangesAsync(long id, PageRequest page, CancellationToken cancellationToken)
    {
        page = page.Checked();
        var parameters = new { id, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command("select count(*) from control.rollout_changes where rollout_id = @id", parameters, cancellationToken));
        var items = await connection.QueryAsync<RolloutChange>(Sql.Command(
            """
            select c.*, t.code as tenant from control.rollout_changes c left join control.tenants t on t.id = c.tenant_id
            where c.rollout_id = @id order by c.id desc offset @Offset limit @Size
            """,
            parameters, cancellationToken));
        return new Page<RolloutChange>(items.AsList(), total, page.Number, page.Size);
    }

    /// <summary>How the tenants of rollouts that are not over stand, for metrics.</summary>
    public async Task<IReadOnlyList<RolloutCount>> CountAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<RolloutCount>(Sql.Command(
            """
            select r.offer, r.state as rollout_state, m.state, count(m.*)::integer as tenants
            from control.rollouts r join control.rollout_tenants m on m.rollout_id = r.id
            where r.state not in ('completed', 'cancelled') group by r.offer, r.state, m.state
            """,
            null, cancellationToken))).AsList();
    }

    internal static Task<Rollout?> FindAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, long id, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<Rollout>(Sql.Command($"{Select} where r.id = @id", new { id }, transaction, cancellationToken));

    /// <summary>The rollout with its row locked: whatever changes it or begins a tenant of it comes one after the other.</summary>
    internal static Task<Rollout?> LockAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long id, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<Rollout>(Sql.Command($"{Select} where r.id = @id for no key update", new { id }, transaction, cancellationToken));

    internal static async Task<IReadOnlyList<RolloutWave>> ListWavesAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, long id, CancellationToken cancellationToken) =>
        (await connection.QueryAsync<RolloutWave>(Sql.Command(SelectWaves, new { id }, transaction, cancellationToken))).AsList();

    /// <summary>Writes down what was done.</summary>
    internal static Task<int> NoteAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Noted noted, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(Sql.Command(
            """
            insert into control.rollout_changes (rollout_id, tenant_id, action, changed_by, reason, changed_at)
            values (@RolloutId, @TenantId, @Action, @Who, @Why, @At)
            """,
            noted, transaction, cancellationToken));
}

/// <summary>How many tenants of an offer's rollout are in a state.</summary>
public sealed record RolloutCount
{
    public string Offer { get; init; } = string.Empty;
    public string RolloutState { get; init; } = string.Empty;
    public string State { get; init; } = string.Empty;
    public int Tenants { get; init; }
}

/// <summary>A line of the record.</summary>
internal sealed record Noted(long RolloutId, long? TenantId, string Action, string Who, string Why, DateTimeOffset At);
