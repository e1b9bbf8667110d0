using System.Security.Cryptography;
using System.Text.Json;
using Bibind.ControlPlane.Idempotency;
using Bibind.Functions.Problems;
using Npgsql;

namespace Bibind.Functions.Ordering;

/// <summary>What the caller is told about an accepted order.</summary>
/// <param name="Location">Where the job is found.</param>
/// <param name="Body">The body.</param>
public sealed record AcceptedOrder(string Location, object Body);

/// <summary>An answer as it goes out.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Location">Where the job is found.</param>
/// <param name="Body">JSON text.</param>
/// <param name="Replayed">True if it is the first answer again.</param>
public sealed record OrderAnswer(int Status, string? Location, string? Body, bool Replayed) : IResult
{
    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var response = httpContext.Response;
        response.StatusCode = Status;
        if (Location is not null)
        {
            response.Headers.Location = Location;
        }

        if (Replayed)
        {
            response.Headers[IdempotencyKey.ReplayedHeader] = "true";
        }

        response.ContentType = "application/json; charset=utf-8";
        return response.WriteAsync(Body ?? "{}", httpContext.RequestAborted);
    }
}

/// <summary>Who sent which command, under which idempotency key.</summary>
/// <param name="Caller">Keys of different callers never meet.</param>
/// <param name="Key">Null if the caller gave none.</param>
/// <param name="Operation">Method and path.</param>
/// <param name="Command">What was sent, as it was understood: two spellings of one command are the same.</param>
public sealed record CommandRequest(string Caller, string? Key, string Operation, object? Command)
{
    internal string Hash()
    {
        var command = JsonSerializer.SerializeToUtf8Bytes(Command, ApiJson.Options);
        return Convert.ToHexStringLower(SHA256.HashData([.. System.Text.Encoding.UTF8.GetBytes($"{Operation}\n"), .. command]));
    }
}

/// <summary>Work in one transaction of the control database, which holds the task hub too.</summary>
public delegate Task<AcceptedOrder> OrderWork(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellation);

/// <summary>
/// Takes an order in one transaction: idempotency key, rows, orchestration, stored answer. All of it is there, or none.
/// </summary>
public sealed class CommandTransaction(NpgsqlDataSource database, ConnectionPools pools, IdempotencyStore keys)
{
    private const int MostAttempts = 5;

    /// <summary>Does the work unless its key has an answer already.</summary>
    /// <exception cref="ProblemException">The work refused, or the key belongs to another request.</exception>
    public async Task<OrderAnswer> RunAsync(CommandRequest request, OrderWork work, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(work);
        return await RunAsync((connection, transaction, c) => AnswerAsync(request, work, connection, transaction, c), cancellation);
    }

    /// <summary>
    /// The first answer of the request's key, or null. For work that is prepared before its transaction opens: one that is being
    /// answered at this moment is found by <see cref="RunAsync(CommandRequest, OrderWork, CancellationToken)"/>, which waits for it.
    /// </summary>
    /// <exception cref="ProblemException">The key belongs to another request.</exception>
    public async Task<OrderAnswer?> FindAnswerAsync(CommandRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request.Key is null ? null : AnswerOf(await keys.LookAsync(request.Caller, request.Key, request.Hash(), cancellation));
    }

    /// <summary>
    /// Does the work in one transaction, and once more if PostgreSQL chose it to give way to another, or if its connection
    /// turned out to have ended while it lay in the pool: a process that was frozen wakes up with such.
    /// </summary>
    public async Task<T> RunAsync<T>(Func<NpgsqlConnection, NpgsqlTransaction, CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(work);
        for (var attempt = 1; ; attempt++)
        {
            var (isOpen, isCommitting) = (false, false);
            try
            {
                await using var connection = await database.OpenConnectionAsync(cancellation);
                isOpen = true;
                await using var transaction = await connection.BeginTransactionAsync(cancellation);
                var result = await work(connection, transaction, cancellation);
                isCommitting = true;
                await transaction.CommitAsync(cancellation);
                return result;
            }
            catch (PostgresException lost) when (attempt < MostAttempts
                && lost.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure)
            {
                // PostgreSQL chose this one of two transactions to give way; nothing of it remains.
            }
            catch (NpgsqlException ended) when (attempt < MostAttempts && isOpen && !isCommitting && DatabaseAway.Is(ended))
            {
                // Nothing of it remains either, and the next connection shows whether the database is there. Whether a
                // commit that broke off took effect, nobody knows: the caller's repetition finds out.
                pools.ForgetIdle();
            }
        }
    }

    private async Task<OrderAnswer> AnswerAsync(
        CommandRequest request, OrderWork work, NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellation)
    {
        var hash = request.Key is null ? string.Empty : request.Hash();
        if (request.Key is not null
            && AnswerOf(await keys.BeginAsync(connection, transaction, request.Caller, request.Key, hash, cancellation)) is { } first)
        {
            return first;
        }

        var accepted = await work(connection, transaction, cancellation);
        var answer = new OrderAnswer(
            StatusCodes.Status202Accepted, accepted.Location, JsonSerializer.Serialize(accepted.Body, ApiJson.Options), Replayed: false);
        if (request.Key is not null)
        {
            await keys.RecordAsync(
                connection, transaction, request.Caller, request.Key, hash, new StoredAnswer(answer.Status, answer.Location, answer.Body), cancellation);
        }

        return answer;
    }

    private static OrderAnswer? AnswerOf(IdempotencyResult known) => known switch
    {
        IdempotencyResult.Repeated repeated => new OrderAnswer(repeated.Answer.Status, repeated.Answer.Location, repeated.Answer.Body, Replayed: true),
        IdempotencyResult.UsedForAnother => throw new ProblemException(new Problem(
            StatusCodes.Status422UnprocessableEntity,
            "idempotency-key-reused",
            "The idempotency key belongs to another request",
            $"The {IdempotencyKey.Header} was used for a different request before; send a new key for a new request.")),
        _ => null,
    };
}
