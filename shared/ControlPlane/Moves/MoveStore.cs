using Bibind.ControlPlane.Tenants;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Moves;

/// <summary>Knows the copies that moves have left.</summary>
public interface IMovedCopies
{
    /// <summary>Copies of a tenant that is being removed, on servers that it does not live on.</summary>
    Task<IReadOnlyList<TenantMove>> ListCopiesOfEndingAsync(long tenantId, CancellationToken cancellationToken);

    /// <summary>Notes that nothing is left of a copy.</summary>
    Task ForgetCopyAsync(long moveId, CancellationToken cancellationToken);
}

/// <summary>Reads moves.</summary>
public sealed class MoveStore(NpgsqlDataSource database) : IMovedCopies
{
    internal const string Select =
        """
        select m.*, t.code as tenant_code, a.code as source_server, b.code as target_server, c.code as copy_server
        from control.tenant_moves m
        join control.tenants t on t.id = m.tenant_id
        join control.servers a on a.id = m.source_server_id
        left join control.servers b on b.id = m.target_server_id
        left join control.servers c on c.id = m.copy_server_id
        """;

    /// <summary>The move, or null.</summary>
    public async Task<TenantMove?> FindAsync(long id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<TenantMove>(Sql.Command($"{Select} where m.id = @id", new { id }, cancellationToken));
    }

    /// <summary>The move that a job makes, or null.</summary>
    internal static Task<TenantMove?> FindByJobAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string jobId, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<TenantMove>(Sql.Command($"{Select} where m.job_id = @jobId", new { jobId }, transaction, cancellationToken));

    /// <summary>Moves by page, newest first.</summary>
    public async Task<Page<TenantMove>> ListAsync(MoveFilter filter, PageRequest page, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        const string Where =
            """
            where (@Tenant::text is null or t.code = @Tenant)
              and (@Server::text is null or a.code = @Server or b.code = @Server)
              and (@State::text is null or m.state = @State)
            """;
        page = page.Checked();
        var parameters = new { filter.Tenant, filter.Server, filter.State, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) from ({Select} {Where}) moves", parameters, cancellationToken));
        var items = await connection.QueryAsync<TenantMove>(Sql.Command(
            $"{Select} {Where} order by m.id desc offset @Offset limit @Size", parameters, cancellationToken));
        return new Page<TenantMove>(items.AsList(), total, page.Number, page.Size);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<TenantMove>> ListCopiesOfEndingAsync(long tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<TenantMove>(Sql.Command(
            $"""
            {Select}
            where m.tenant_id = @tenantId and m.copy_server_id is not null and m.copy_server_id <> t.server_id
              and t.state in ('terminating', 'terminated', 'failed')
            order by m.id
            """,
            new { tenantId }, cancellationToken))).AsList();
    }

    /// <summary>Copies of a tenant on servers that it does not live on, which moves left that ended at this time or later.</summary>
    public async Task<IReadOnlyList<TenantMove>> ListCopiesSinceAsync(long tenantId, DateTimeOffset since, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<TenantMove>(Sql.Command(
            $"""
            {Select}
            where m.tenant_id = @tenantId and m.copy_server_id is not null and m.copy_server_id <> t.server_id and m.ended_at >= @since
            order by m.id
            """,
            new { tenantId, since }, cancellationToken))).AsList();
    }

    /// <summary>Copies whose time is up and that no open job removes.</summary>
    public async Task<IReadOnlyList<TenantMove>> ListDueAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<TenantMove>(Sql.Command(
            $"""
            {Select}
            where m.copy_server_id is not null and m.state in ('moved', 'failed') and m.keep_until <= @now and {TenantStates.IsLive}
            order by m.keep_until, m.id limit @limit
            """,
            new { now, limit }, cancellationToken))).AsList();
    }

    /// <summary>Moves that have begun and not ended, by the instance that makes or undoes each.</summary>
    public async Task<IReadOnlyDictionary<string, TenantMove>> ListRunningAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<TenantMove>(Sql.Command($"{Select} where m.state = 'moving' order by m.id", null, cancellationToken)))
            .ToDictionary(m => m.Instance, StringComparer.Ordinal);
    }

    /// <summary>A job's move, and whether its tenant lives on the new server already; in the caller's transaction.</summary>
    public static async Task<(TenantMove? Move, bool IsSwitched)> FindStandingAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string jobId, CancellationToken cancellationToken)
    {
        var move = await FindByJobAsync(connection, transaction, jobId, cancellationToken);
        return (move, move?.TargetServerId is { } target && await connection.ExecuteScalarAsync<bool>(Sql.Command(
            "select exists (select from control.tenants where id = @TenantId and server_id = @target)", new { move.TenantId, target }, transaction, cancellationToken)));
    }

    /// <summary>Counts one more attempt at undoing a move, unless another has counted it or the move has ended.</summary>
    public static async Task<TenantMove?> CountUndoAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, TenantMove move, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(move);
        var counted = await connection.ExecuteAsync(Sql.Command(
            "update control.tenant_moves set undo_attempts = undo_attempts + 1 where id = @Id and state = 'moving' and undo_attempts = @UndoAttempts",
            new { move.Id, move.UndoAttempts }, transaction, cancellationToken));
        return counted == 0 ? null : move with { UndoAttempts = move.UndoAttempts + 1 };
    }

    /// <inheritdoc/>
    public async Task ForgetCopyAsync(long moveId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "update control.tenant_moves set copy_server_id = null where id = @moveId", new { moveId }, cancellationToken));
    }
}
