using System.Diagnostics.CodeAnalysis;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Idempotency;

/// <summary>The first answer to a request.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Location">The Location header, when there was one.</param>
/// <param name="Body">The body as it was sent.</param>
public sealed record StoredResponse(int Status, string? Location, string? Body);

/// <summary>What is known of an idempotency key.</summary>
public abstract record IdempotencyResult
{
    private IdempotencyResult()
    {
    }

    /// <summary>The key is new: do the work, record the answer and commit. Equal requests wait until then.</summary>
    public sealed record FirstTime : IdempotencyResult;

    /// <summary>The request was answered before.</summary>
    public sealed record Repeated(StoredResponse Answer) : IdempotencyResult;

    /// <summary>The key was used for another request.</summary>
    public sealed record UsedForAnother : IdempotencyResult;
}

/// <summary>Keeps the first answer to each idempotency key of each caller.</summary>
/// <remarks>
/// Look and record in the transaction that does the work: the answer is stored if and only if the work is, and a
/// request that fails leaves its key free.
/// </remarks>
public sealed class IdempotencyStore(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>Looks the key up and keeps equal requests waiting until the transaction ends.</summary>
    /// <param name="requestHash">Tells requests apart: over method, path and body.</param>
    [SuppressMessage("Performance", "CA1822", Justification = "One injected service answers for both halves of the exchange.")]
    public async Task<IdempotencyResult> BeginAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string caller, string key, string requestHash, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await RequestLocks.TakeAsync(connection, transaction, RequestLocks.IdempotencyKey, [caller, key], cancellationToken);
        return await LookAsync(connection, transaction, caller, key, requestHash, cancellationToken);
    }

    /// <summary>Looks the key up as it is now: an equal request may be answering at this moment.</summary>
    public async Task<IdempotencyResult> LookAsync(string caller, string key, string requestHash, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await LookAsync(connection, null, caller, key, requestHash, cancellationToken);
    }

    private static async Task<IdempotencyResult> LookAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, string caller, string key, string requestHash, CancellationToken cancellationToken)
    {
        const string Sought = "select request_hash, status, location, body from control.idempotency_keys where caller = @caller and key = @key";
        var row = await connection.QuerySingleOrDefaultAsync<Row>(Sql.Command(Sought, new { caller, key }, transaction, cancellationToken));
        return row is null ? new IdempotencyResult.FirstTime()
            : row.RequestHash == requestHash ? new IdempotencyResult.Repeated(new StoredResponse(row.Status, row.Location, row.Body))
            : new IdempotencyResult.UsedForAnother();
    }

    /// <summary>Stores the answer in the same transaction.</summary>
    public async Task RecordAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string caller, string key, string requestHash, StoredResponse answer,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(answer);
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.idempotency_keys (caller, key, request_hash, status, location, body, created_at)
            values (@caller, @key, @requestHash, @Status, @Location, @Body, @Now)
            """,
            new { caller, key, requestHash, answer.Status, answer.Location, answer.Body, Now = time.GetUtcNow() }, transaction, cancellationToken));
    }

    private sealed class Row
    {
        public string RequestHash { get; init; } = string.Empty;
        public int Status { get; init; }
        public string? Location { get; init; }
        public string? Body { get; init; }
    }

    /// <summary>Forgets keys that are older; answers how many.</summary>
    public async Task<int> PurgeAsync(TimeSpan age, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteAsync(Sql.Command(
            "delete from control.idempotency_keys where created_at < @before", new { before = time.GetUtcNow() - age }, cancellationToken));
    }
}
