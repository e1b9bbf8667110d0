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
            batch.BatchCommands.Add(CreateCommand("SELECT durable.create_instance($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)", instance));
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
        batch.BatchCommands.Add(Sql.Command(
            """
            INSERT INTO durable.messages (instance_id, visible_at, event)
            SELECT instance_id, now(), $2 FROM durable.leases WHERE instance_id = $1
            RETURNING id
            """,
            Sql.Text(instanceId),
            Sql.Json(HistoryJson.Write(message))));
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

        return new StoredExecution(turns, history, status, customStatus);
    }

    /// <inheritdoc/>
    public async Task<bool> PurgeAsync(string instanceId, CancellationToken cancellationToken)
    {
        await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Sql.Command(
            """
            WITH ended AS (
              DELETE FROM durable.instances i
              WHERE i.instance_id = $1 AND NOT EXISTS (SELECT FROM durable.leases l WHERE l.instance_id = i.instance_id)
              RETURNING 1),
            gone AS (DELETE FROM durable.history WHERE instance_id = $1 AND EXISTS (SELECT FROM ended))
            SELECT EXISTS (SELECT FROM ended), EXISTS (SELECT FROM durable.leases WHERE instance_id = $1)
            """,
            Sql.Text(instanceId)));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.GetBoolean(1)
            ? throw new InvalidOperationException($"The instance '{instanceId}' has not ended; terminate it before it is purged.")
            : reader.GetBoolean(0);
    }

    /// <inheritdoc/>
    public Task WaitForWorkAsync(TimeSpan limit, CancellationToken cancellationToken) => _signal.WaitAsync(limit, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _signal.DisposeAsync();

    private static NpgsqlBatchCommand CreateCommand(string sql, NewInstance instance, params NpgsqlParameter[] more)
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
                Sql.Json(HistoryJson.Write(started)),
                Sql.Shorts(instance.ReplaceableStatuses.Select(s => (short)s)),
                .. more,
            ]);
    }
}
