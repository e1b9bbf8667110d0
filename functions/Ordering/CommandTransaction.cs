using System.Security.Cryptography;
using System.Text.Json;
using Bibind.ControlPlane.Idempotency;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.Problems;
using Bibind.Functions.Security;
using Microsoft.DurableTask.Client;
using Npgsql;

namespace Bibind.Functions.Ordering;

/// <summary>What the caller is told about an accepted order.</summary>
/// <param name="Location">Where the job, or what was made, is found.</param>
/// <param name="Body">The body.</param>
public sealed record AcceptedOrder(string Location, object Body)
{
    /// <summary>HTTP status.</summary>
    public int Status { get; init; } = StatusCodes.Status202Accepted;
}

/// <summary>An answer as it goes out.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Location">Where the job is found.</param>
/// <param name="Body">JSON text.</param>
/// <param name="Replayed">True if it is the first answer again.</param>
public sealed record OrderResponse(int Status, string? Location, string? Body, bool Replayed) : IResult
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
    /// <summary>The customer for whose tenants alone the command may open a job; null for operators.</summary>
    public string? Customer { get; init; }

    /// <summary>The job whose order it is again; null for others.</summary>
    public JobOrigin? Origin { get; init; }

    /// <summary>A command that came over HTTP.</summary>
    public static CommandRequest Of(HttpContext context, string? key, string operation, object? command)
    {
        ArgumentNullException.ThrowIfNull(context);
        var caller = context.Caller();
        return new CommandRequest(caller.Id, key, operation, command) { Customer = caller.Customer, Origin = context.Features.Get<JobOrigin>() };
    }

    internal string Hash()
    {
        var command = JsonSerializer.SerializeToUtf8Bytes(Command, ApiJson.Options);
        return Convert.ToHexStringLower(SHA256.HashData([.. System.Text.Encoding.UTF8.GetBytes($"{Operation}\n"), .. command]));
    }
}

/// <summary>What an order does in its transaction.</summary>
public delegate Task<AcceptedOrder> OrderWork(UnitOfWork work);

/// <summary>
/// Takes an order in one transaction: idempotency key, rows, orchestration, stored answer. All of it is there, or none.
/// </summary>
public sealed class CommandTransaction(
    NpgsqlDataSource database, ConnectionPools pools, IdempotencyStore keys, JobActions actions, DurableTaskClient client, ILogger<CommandTransaction> logger)
{
    private const int MostAttempts = 5;

    /// <summary>Does the work unless its key has an answer already.</summary>
    /// <exception cref="ProblemException">The work refused, or the key belongs to another request.</exception>
    public async Task<OrderResponse> RunAsync(CommandRequest request, OrderWork work, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(work);
        return await RunAsync(unit => AnswerAsync(request, work, unit), cancellation);
    }

    /// <summary>
    /// The first answer of the request's key, or null. For work that is prepared before its transaction opens: one that is being
    /// answered at this moment is found by <see cref="RunAsync(CommandRequest, OrderWork, CancellationToken)"/>, which waits for it.
    /// </summary>
    /// <exception cref="ProblemException">The key belongs to another request.</exception>
    public async Task<OrderResponse?> FindAnswerAsync(CommandRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request.Key is null ? null : AnswerOf(await keys.LookAsync(request.Caller, request.Key, request.Hash(), cancellation));
    }

    /// <summary>
    /// Does the work in one transaction, and once more if PostgreSQL chose it to give way to another, or if its connection
    /// turned out to have ended while it lay in the pool: a process that was frozen wakes up with such.
    /// </summary>
    public async Task<T> RunAsync<T>(Func<UnitOfWork, Task<T>> work, CancellationToken cancellation)
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
                var result = await work(new UnitOfWork(connection, transaction, client, logger, cancellation));
                isCommitting = true;
                await transaction.CommitAsync(cancellation);
                return result;
            }
            catch (PostgresException lost) when (attempt < MostAttempts
                && lost.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure)
            {
                // PostgreSQL chose this one of two transactions to give way; nothing of it remains.
            }
            catch (NpgsqlException ended) when (attempt < MostAttempts && isOpen && !isCommitting && TransientDatabaseError.Is(ended))
            {
                // Nothing of it remains either, and the next connection shows whether the database is there. Whether a
                // commit that broke off took effect, nobody knows: the caller's repetition finds out.
                pools.ClearIdle();
            }
        }
    }

    private async Task<OrderResponse> AnswerAsync(CommandRequest request, OrderWork work, UnitOfWork unit)
    {
        var hash = request.Key is null ? string.Empty : request.Hash();
        if (request.Key is not null
            && AnswerOf(await keys.BeginAsync(unit.Connection, unit.Transaction, request.Caller, request.Key, hash, unit.CancellationToken)) is { } first)
        {
            return first;
        }

        var accepted = await work(unit);

        // Whoever was the owner when the request came in, the rows that are locked by now say who is.
        if (request.Customer is { } customer
            && !await CustomerTenants.HasJobAsync(
                unit.Connection, unit.Transaction, customer, accepted.Location[(accepted.Location.LastIndexOf('/') + 1)..], unit.CancellationToken))
        {
            throw new ProblemException(ProblemFactory.NoSuchTenant);
        }

        await KeepOrderAsync(request, accepted, unit);
        var answer = new OrderResponse(
            accepted.Status, accepted.Location, JsonSerializer.Serialize(accepted.Body, ApiJson.Options), Replayed: false);
        if (request.Key is not null)
        {
            await keys.RecordAsync(
                unit.Connection, unit.Transaction, request.Caller, request.Key, hash, new StoredResponse(answer.Status, answer.Location, answer.Body),
                unit.CancellationToken);
        }

        return answer;
    }

    private async Task KeepOrderAsync(CommandRequest request, AcceptedOrder accepted, UnitOfWork unit)
    {
        if (JobLocation.IdOf(accepted.Location) is not { } jobId)
        {
            return;
        }

        await JobOrders.RecordAsync(unit.Connection, unit.Transaction, jobId, KeptOrders.Of(request), unit.CancellationToken);
        if (request.Origin is not { } origin)
        {
            return;
        }

        if (origin.Action == JobActionKinds.Retry)
        {
            var failed = await JobActions.LockAsync(unit.Connection, unit.Transaction, origin.JobId, unit.CancellationToken);
            if (failed?.RetriedBy is { } faster)
            {
                throw new ProblemException(ProblemFactory.Conflict("job-retried", "The job was retried", $"Job '{origin.JobId}' was ordered again at the same moment, as job '{faster}'."));
            }

            await JobActions.LinkAsync(unit.Connection, unit.Transaction, origin.JobId, jobId, unit.CancellationToken);
        }

        await actions.RecordAsync(unit.Connection, unit.Transaction, origin.JobId, origin.Action, origin.Who, origin.Reason, unit.CancellationToken);
    }

    private static OrderResponse? AnswerOf(IdempotencyResult known) => known switch
    {
        IdempotencyResult.Repeated repeated => new OrderResponse(repeated.Answer.Status, repeated.Answer.Location, repeated.Answer.Body, Replayed: true),
        IdempotencyResult.UsedForAnother => throw new ProblemException(new Problem(
            StatusCodes.Status422UnprocessableEntity,
            "idempotency-key-reused",
            "The idempotency key belongs to another request",
            $"The {IdempotencyKey.Header} was used for a different request before; send a new key for a new request.")),
        _ => null,
    };
}
