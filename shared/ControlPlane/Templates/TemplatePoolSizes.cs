using Bibind.ControlPlane.Servers;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Templates;

/// <summary>What became of a wish for another size of a template's pool.</summary>
public abstract record PoolSizeResult
{
    private PoolSizeResult()
    {
    }

    /// <summary>It is so now.</summary>
    public sealed record Done(Template Template) : PoolSizeResult;

    /// <summary>There is no such template on that server.</summary>
    public sealed record NotFound : PoolSizeResult;

    /// <summary>The template is not what was seen.</summary>
    public sealed record Stale(Template Template) : PoolSizeResult;
}

/// <summary>Sets how many ready clones of a template are kept; who did it and why is recorded with the changes of the server.</summary>
public sealed class TemplatePoolSizes(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>Sets it. The pool is filled or drained by the next round.</summary>
    /// <param name="serverCode">The template's server.</param>
    /// <param name="code">The template's code.</param>
    /// <param name="seen">Versions that the change may be made of; null for whatever there is.</param>
    /// <param name="size">How many, 0 to 100.</param>
    /// <param name="who">Who wants it.</param>
    /// <param name="why">Why.</param>
    /// <param name="cancellationToken">Cancels the change.</param>
    public async Task<PoolSizeResult> SetAsync(
        string serverCode, string code, IReadOnlyCollection<string>? seen, int size, string who, string why, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await ServerRows.LockAsync(connection, transaction, serverCode, cancellationToken) is not { } server)
        {
            return new PoolSizeResult.NotFound();
        }

        var before = await FindAsync(connection, transaction, server.Id, code, cancellationToken);
        if (before is null)
        {
            return new PoolSizeResult.NotFound();
        }

        if (seen is not null && !seen.Contains(before.PoolVersion))
        {
            return new PoolSizeResult.Stale(before);
        }

        if (before.WarmPoolSize == size)
        {
            return new PoolSizeResult.Done(before);
        }

        await connection.ExecuteAsync(Sql.Command(
            "update control.templates set warm_pool_size = @size where id = @Id", new { before.Id, size }, transaction, cancellationToken));
        await ServerRows.RecordAsync(
            connection, transaction, server, ServerActions.WarmPool,
            new Dictionary<string, FieldChange> { [$"{code}.warmPoolSize"] = new(before.WarmPoolSize, size) },
            new ChangedBy(who, why, time.GetUtcNow()), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new PoolSizeResult.Done(before with { WarmPoolSize = size });
    }

    private static Task<Template?> FindAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long serverId, string code, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<Template>(Sql.Command(
            """
            select m.*, s.code as server_code from control.templates m join control.servers s on s.id = m.server_id
            where m.server_id = @serverId and m.code = @code for update of m
            """,
            new { serverId, code }, transaction, cancellationToken));
}
