using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Pools;

/// <summary>Which version of which template on which server.</summary>
/// <param name="ServerId">The server.</param>
/// <param name="Source">The template's database.</param>
/// <param name="ContentHash">Its version.</param>
public sealed record CloneSource(long ServerId, string Source, string ContentHash);

/// <summary>What one way of cloning took.</summary>
/// <param name="Strategy">wal_log, file_copy or file_copy_clone.</param>
/// <param name="Bytes">The size of the template.</param>
/// <param name="Milliseconds">How long it took while no orders were under way; null if it was not measured so.</param>
public sealed record CloneTime(string Strategy, long Bytes, int? Milliseconds);

/// <summary>Remembers how long it takes to clone a version of a template.</summary>
public interface ICloneTimes
{
    /// <summary>What was measured; empty if nothing was.</summary>
    Task<IReadOnlyList<CloneTime>> ListAsync(CloneSource source, CancellationToken cancellationToken);

    /// <summary>Remembers a time; the first that was measured stays.</summary>
    Task RememberAsync(CloneSource source, CloneTime measured, CancellationToken cancellationToken);
}

/// <summary>The same in the control database.</summary>
public sealed class CloneTimes(NpgsqlDataSource database, TimeProvider time) : ICloneTimes
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<CloneTime>> ListAsync(CloneSource source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<CloneTime>(Sql.Command(
            "select strategy, bytes, milliseconds from control.clone_times where server_id = @ServerId and source = @Source and content_hash = @ContentHash",
            new { source.ServerId, source.Source, source.ContentHash }, cancellationToken))).AsList();
    }

    /// <inheritdoc/>
    public async Task RememberAsync(CloneSource source, CloneTime measured, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(measured);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            """
            delete from control.clone_times where server_id = @ServerId and source = @Source and content_hash <> @ContentHash;
            insert into control.clone_times (server_id, source, content_hash, strategy, bytes, milliseconds, measured_at)
            values (@ServerId, @Source, @ContentHash, @Strategy, @Bytes, @Milliseconds, @Now)
            on conflict (server_id, source, content_hash, strategy) do update set milliseconds = excluded.milliseconds, measured_at = excluded.measured_at
            where clone_times.milliseconds is null and excluded.milliseconds is not null
            """,
            new { source.ServerId, source.Source, source.ContentHash, measured.Strategy, measured.Bytes, measured.Milliseconds, Now = time.GetUtcNow() },
            cancellationToken));
    }
}
