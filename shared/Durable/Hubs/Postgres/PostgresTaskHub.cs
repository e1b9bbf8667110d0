using System.Data.Common;
using Bibind.Durable.History;
using Bibind.Durable.Serialization;
using Npgsql;

namespace Bibind.Durable.Hubs.Postgres;

/// <summary>
/// The task hub in PostgreSQL. The schema file <c>001_task_hub.sql</c> explains tables, flow and invariants in one
/// screen. Thread-safe.
/// </summary>
public sealed partial class PostgresTaskHub : ITaskHub
{
    private readonly NpgsqlDataSource _dataSource;
    private readonly PostgresTaskHubOptions _options;
    private readonly PostgresWorkSignal _signal;

    /// <summary>A hub on a database; several hubs, in several processes, may share it.</summary>
    public PostgresTaskHub(NpgsqlDataSource dataSource, PostgresTaskHubOptions? options = null)
    {
        _dataSource = dataSource;
        _options = options ?? new PostgresTaskHubOptions();
        _signal = new PostgresWorkSignal(dataSource);
    }

    /// <inheritdoc/>
    public event Action<string>? InstanceEnded;

    /// <inheritdoc/>
    public Task InitializeAsync(CancellationToken cancellationToken) => PostgresSchema.ApplyAsync(_dataSource, cancellationToken);

    /// <inheritdoc/>
    public async Task CreateInstanceAsync(NewInstance instance, DbTransaction? transaction, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(instance);
        if (transaction is null)
        {
            await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
            await CreateAsync(connection, null);
        }
        else
        {
            await CreateAsync((NpgsqlConnection)transaction.Connection!, (NpgsqlTransaction)transaction);
        }

        async Task CreateAsync(NpgsqlConnection connection, NpgsqlTransaction? within)
        {
            await using var batch = new NpgsqlBatch(connection, within);
            var payloads = new Payloads();
            batch.BatchCommands.Add(CreateCommand("SELECT durable.create_instance($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)", instance, payloads));
            payloads.AddTo(batch);
            batch.BatchCommands.Add(PostgresWorkSignal.Notify());
            var inTheWay = await batch.ExecuteScalarAsync(cancellationToken);
            if (inTheWay is short status)
            {
                throw new OrchestrationAlreadyExistsException(instance.Started.InstanceId, (OrchestrationRuntimeStatus)status);
            }
        }
    }

    /// <inheritdoc/>
    public async Task<bool> SendAsync(string instanceId, HistoryEvent message, CancellationToken cancellationToken)
    {
        await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        var payloads = new Payloads();
        batch.BatchCommands.Add(Sql.Command(
            """
            INSERT INTO durable.messages (instance_id, visible_at, event)
            SELECT instance_id, now(), $2 FROM durable.leases WHERE instance_id = $1
            RETURNING id
            """,
            Sql.Text(instanceId),
            Sql.Json(HistoryJson.Write(payloads.Detach(instanceId, message)))));
        payloads.AddTo(batch);
        batch.BatchCommands.Add(PostgresWorkSignal.Notify());
        return await batch.ExecuteScalarAsync(cancellationToken) is not null;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<HistoryEvent>> GetHistoryAsync(string instanceId, CancellationToken cancellationToken) =>
        (await LoadExecutionAsync(instanceId, cancellationToken)).History;

    /// <inheritdoc/>
    public async Task<StoredExecution> LoadExecutionAsync(string instanceId, CancellationToken cancellationToken)
    {
        await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Sql.Command("SELECT status, custom_status FROM durable.instances WHERE instance_id = $1", Sql.Text(instanceId)));
        batch.BatchCommands.Add(Sql.Command("SELECT events FROM durable.history WHERE instance_id = $1 ORDER BY turn", Sql.Text(instanceId)));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var status = OrchestrationRuntimeStatus.Pending;
        string? customStatus = null;
        if (await reader.ReadAsync(cancellationToken))
        {
            status = (OrchestrationRuntimeStatus)reader.GetInt16(0);
            customStatus = await reader.IsDBNullAsync(1, cancellationToken) ? null : reader.GetString(1);
        }

        await reader.NextResultAsync(cancellationToken);
        var turns = 0;
        var history = new List<HistoryEvent>();
        while (await reader.ReadAsync(cancellationToken))
        {
            history.AddRange(HistoryJson.ReadMany(reader.GetString(0)));
            turns++;
        }

        await reader.DisposeAsync();
        var whole = await Payloads.LoadAsync(connection, history.Select(line => (instanceId, line)), cancellationToken);
        return new StoredExecution(turns, [.. history.Select(line => whole(instanceId, line))], status, customStatus);
    }

    /// <inheritdoc/>
    public Task WaitForWorkAsync(TimeSpan limit, CancellationToken cancellationToken) => _signal.WaitAsync(limit, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _signal.DisposeAsync();

    private static NpgsqlBatchCommand CreateCommand(string sql, NewInstance instance, Payloads payloads, params NpgsqlParameter[] more)
    {
        var started = instance.Started;
        return Sql.Command(
            sql,
            [
                Sql.Text(started.InstanceId),
                Sql.Text(started.ExecutionId),
                Sql.Text(started.Name),
                Sql.Text(started.Version),
                Sql.Text(started.Input),
                Sql.Text(started.Parent?.InstanceId),
                Sql.Jsonb(HistoryJson.Write(started.Tags)),
                Sql.Time(started.Timestamp),
                Sql.Time(started.ScheduledStartAt),
                Sql.Json(HistoryJson.Write(payloads.Detach(started.InstanceId, started))),
                Sql.Shorts(instance.ReplaceableStatuses.Select(s => (short)s)),
                .. more,
            ]);
    }
}
