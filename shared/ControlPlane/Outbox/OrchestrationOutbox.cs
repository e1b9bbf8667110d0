using System.Collections.Concurrent;
using System.Data.Common;
using System.Text.Json;
using Bibind.Durable;
using Dapper;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.ControlPlane.Outbox;

/// <summary>The outbox in the control database, for an engine that does not live there.</summary>
public sealed class OrchestrationOutbox(NpgsqlDataSource database, TimeProvider time, ILogger<OrchestrationOutbox> logger)
    : IOrchestrationOutbox, IAsyncDisposable
{
    private const string Channel = "bibind_orchestration_outbox";
    private const long RelayLock = 0x6269_6269_6e64_0002;
    private const int BatchSize = 100;
    private const int DeliveriesAtOnce = 16;
    private const int LongestError = 1000;

    private const string Columns =
        "id, instance_id, kind, name, version, payload, tags::text as tags, start_at, recursive, created_at, attempts";

    private const string InsertSql =
        """
        insert into control.orchestration_outbox (instance_id, kind, name, version, payload, tags, start_at, recursive, created_at, next_attempt)
        select @InstanceId, @Kind, @Name, @Version, cast(@Payload as text), cast(@Tags as jsonb), cast(@StartAt as timestamptz), @Recursive, @CreatedAt, @CreatedAt
        """;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(1);

    private NpgsqlConnection? _listening;

    /// <inheritdoc/>
    public async Task AddStartAsync(OutboxMessage start, DbTransaction transaction, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(start);
        var within = transaction as NpgsqlTransaction ?? throw new ArgumentException("The transaction must be one of Npgsql.", nameof(transaction));
        var connection = within.Connection ?? throw new InvalidOperationException("The transaction has ended.");
        // No refusal of PostgreSQL's, which would end the caller's transaction.
        var added = await connection.ExecuteAsync(Sql.Command(
            InsertSql + " on conflict (instance_id) where kind = 0 do nothing", Parameters(start), within, cancellationToken));
        if (added == 0)
        {
            throw new OrchestrationAlreadyExistsException(start.InstanceId, OrchestrationRuntimeStatus.Pending);
        }

        await NotifyAsync(connection, within, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task AddAsync(OutboxMessage message, DbTransaction transaction, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        var within = transaction as NpgsqlTransaction ?? throw new ArgumentException("The transaction must be one of Npgsql.", nameof(transaction));
        var connection = within.Connection ?? throw new InvalidOperationException("The transaction has ended.");
        await connection.ExecuteAsync(Sql.Command(InsertSql, Parameters(message), within, cancellationToken));
        await NotifyAsync(connection, within, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<bool> TryAddBehindAsync(OutboxMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var added = await connection.ExecuteAsync(Sql.Command(
            InsertSql + " where exists (select from control.orchestration_outbox where instance_id = @InstanceId)",
            Parameters(message), cancellationToken)) > 0;
        if (added)
        {
            await NotifyAsync(connection, null, cancellationToken);
        }

        return added;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, OutboxMessage>> FindStartsAsync(
        IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(instanceIds);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<Row>(Sql.Command(
            $"select {Columns} from control.orchestration_outbox where kind = 0 and instance_id = any(@Ids)",
            new { Ids = instanceIds.ToArray() }, cancellationToken))).ToDictionary(r => r.InstanceId, r => r.Message(), StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public async Task<int> RelayAsync(Func<OutboxMessage, CancellationToken, Task> deliverAsync, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(deliverAsync);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (!await connection.ExecuteScalarAsync<bool>(Sql.Command(
            "select pg_try_advisory_xact_lock(@RelayLock)", new { RelayLock }, transaction, cancellationToken)))
        {
            return 0;
        }

        var due = await connection.QueryAsync<Row>(Sql.Command(
            $"""
            select {Columns} from control.orchestration_outbox o
            where o.next_attempt <= @Now and not exists (
              select from control.orchestration_outbox e where e.instance_id = o.instance_id and e.id < o.id and e.next_attempt > @Now)
            order by o.id limit @BatchSize
            """,
            new { Now = time.GetUtcNow(), BatchSize }, transaction, cancellationToken));
        var delivered = new ConcurrentBag<long>();
        var failed = new ConcurrentBag<(Row Row, Exception Failure)>();
        await Parallel.ForEachAsync(
            due.GroupBy(r => r.InstanceId),
            new ParallelOptions { MaxDegreeOfParallelism = DeliveriesAtOnce, CancellationToken = cancellationToken },
            async (messages, c) =>
            {
                foreach (var row in messages)
                {
                    try
                    {
                        await deliverAsync(row.Message(), c);
                        delivered.Add(row.Id);
                    }
                    catch (Exception failure) when (!c.IsCancellationRequested)
                    {
                        failed.Add((row, failure));
                        return;
                    }
                }
            });
        await connection.ExecuteAsync(Sql.Command(
            "delete from control.orchestration_outbox where id = any(@Ids)", new { Ids = delivered.ToArray() }, transaction, cancellationToken));
        foreach (var (row, failure) in failed)
        {
            await PutOffAsync(connection, transaction, row, failure, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return delivered.Count;
    }

    /// <inheritdoc/>
    public async Task WaitAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        try
        {
            if (_listening is null)
            {
                var connection = await database.OpenConnectionAsync(cancellationToken);
                _listening = connection;
                await connection.ExecuteAsync(Sql.Command($"listen {Channel}", null, cancellationToken));
                // What came before is found by looking once more.
                return;
            }

            await _listening.WaitAsync(limit, cancellationToken);
        }
        catch (Exception) when (_listening is { } broken)
        {
            _listening = null;
            await broken.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _listening?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static object Parameters(OutboxMessage message) => new
    {
        message.InstanceId,
        Kind = (short)message.Kind,
        message.Name,
        message.Version,
        message.Payload,
        Tags = JsonSerializer.Serialize(message.Tags),
        message.StartAt,
        message.Recursive,
        message.CreatedAt,
    };

    private static Task<int> NotifyAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(Sql.Command("select pg_notify(@Channel, '')", new { Channel }, transaction, cancellationToken));

    private async Task PutOffAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Row row, Exception failure, CancellationToken cancellationToken)
    {
        var delay = FirstDelay * Math.Pow(2, Math.Min(row.Attempts, 10));
        delay = delay < LongestDelay ? delay : LongestDelay;
        Logs.NotDelivered(logger, failure, row.InstanceId, (OutboxKind)row.Kind, row.Attempts + 1, delay);
        await connection.ExecuteAsync(Sql.Command(
            "update control.orchestration_outbox set attempts = attempts + 1, next_attempt = @Next, last_error = @Error where id = @Id",
            new
            {
                row.Id,
                Next = time.GetUtcNow() + delay,
                Error = failure.Message.Length > LongestError ? failure.Message[..LongestError] : failure.Message,
            },
            transaction, cancellationToken));
    }

    private sealed class Row
    {
        public long Id { get; init; }
        public string InstanceId { get; init; } = string.Empty;
        public short Kind { get; init; }
        public string Name { get; init; } = string.Empty;
        public string Version { get; init; } = string.Empty;
        public string? Payload { get; init; }
        public string Tags { get; init; } = "{}";
        public DateTimeOffset? StartAt { get; init; }
        public bool Recursive { get; init; }
        public DateTimeOffset CreatedAt { get; init; }
        public int Attempts { get; init; }

        public OutboxMessage Message() => new()
        {
            Kind = (OutboxKind)Kind,
            InstanceId = InstanceId,
            Name = Name,
            Version = Version,
            Payload = Payload,
            Tags = JsonSerializer.Deserialize<Dictionary<string, string>>(Tags)!,
            StartAt = StartAt,
            Recursive = Recursive,
            CreatedAt = CreatedAt,
        };
    }
}
