using System.Data.Common;
using Bibind.Durable.Hubs;
using Bibind.Durable.Serialization;
using Microsoft.DurableTask.Client;
using Npgsql;

namespace Bibind.Durable.Postgres;

public sealed partial class PostgresTaskHub
{
    private const int CreatedAtOnce = 64;

    /// <inheritdoc/>
    public async Task CreateInstanceAsync(NewInstance instance, DbTransaction? transaction, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(instance);
        var inTheWay = transaction is null
            ? await _created.WriteAsync(instance, cancellationToken)
            : await CreateWithinAsync(instance, (NpgsqlTransaction)transaction, cancellationToken);
        if (inTheWay is { } status)
        {
            throw new OrchestrationAlreadyExistsException(instance.Started.InstanceId, (OrchestrationRuntimeStatus)status);
        }
    }

    private static async Task<short?> CreateWithinAsync(NewInstance instance, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(transaction.Connection, transaction);
        var payloads = new Payloads();
        batch.BatchCommands.Add(CreateCommand("SELECT durable.create_instance($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)", instance, payloads));
        payloads.AddTo(batch);
        batch.BatchCommands.Add(PostgresWorkSignal.NotifyAll());
        return await batch.ExecuteScalarAsync(cancellationToken) as short?;
    }

    private async Task<IReadOnlyList<short?>> CreateTogetherAsync(IReadOnlyList<NewInstance> instances)
    {
        await using var connection = await _dataSource.OpenConnectionAsync();
        await using var batch = new NpgsqlBatch(connection);
        var payloads = new Payloads();
        // In the order of the ids: two groups with the same ids then wait for each other instead of deadlocking.
        batch.BatchCommands.Add(HubSql.Command(
            """
            SELECT w.position, durable.create_instance(
              w.instance_id, w.execution_id, w.name, w.version, w.input, w.parent, w.tags::jsonb, w.created_at, w.start_at, w.event,
              w.replaceable::smallint[])
            FROM (
              SELECT *
              FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) WITH ORDINALITY
                AS u (instance_id, execution_id, name, version, input, parent, tags, created_at, start_at, event, replaceable, position)
              ORDER BY u.instance_id COLLATE "C", u.position) AS w
            """,
            HubSql.Texts(instances.Select(i => i.Started.InstanceId)),
            HubSql.Texts(instances.Select(i => i.Started.ExecutionId)),
            HubSql.Texts(instances.Select(i => i.Started.Name)),
            HubSql.Texts(instances.Select(i => i.Started.Version)),
            HubSql.Texts(instances.Select(i => i.Started.Input)),
            HubSql.Texts(instances.Select(i => i.Started.Parent?.InstanceId)),
            HubSql.Texts(instances.Select(i => HistoryJson.Write(i.Started.Tags))),
            HubSql.Times(instances.Select(i => (DateTime?)i.Started.Timestamp)),
            HubSql.Times(instances.Select(i => i.Started.ScheduledStartAt)),
            HubSql.Jsons(instances.Select(i => HistoryJson.Write(payloads.Detach(i.Started.InstanceId, i.Started)))),
            HubSql.Texts(instances.Select(i => $"{{{string.Join(',', i.ReplaceableStatuses.Select(s => (short)s))}}}"))));
        payloads.AddTo(batch);
        batch.BatchCommands.Add(_signal.NotifyOthers());
        var inTheWay = new short?[instances.Count];
        await batch.PrepareAsync();
        await using (var reader = await batch.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                inTheWay[reader.GetInt64(0) - 1] = await reader.IsDBNullAsync(1) ? null : reader.GetInt16(1);
            }
        }

        _signal.Set();
        return inTheWay;
    }

    private static NpgsqlBatchCommand CreateCommand(string sql, NewInstance instance, Payloads payloads, params NpgsqlParameter[] more)
    {
        var started = instance.Started;
        return HubSql.Command(
            sql,
            [
                HubSql.Text(started.InstanceId),
                HubSql.Text(started.ExecutionId),
                HubSql.Text(started.Name),
                HubSql.Text(started.Version),
                HubSql.Text(started.Input),
                HubSql.Text(started.Parent?.InstanceId),
                HubSql.Jsonb(HistoryJson.Write(started.Tags)),
                HubSql.Time(started.Timestamp),
                HubSql.Time(started.ScheduledStartAt),
                HubSql.Json(HistoryJson.Write(payloads.Detach(started.InstanceId, started))),
                HubSql.Shorts(instance.ReplaceableStatuses.Select(s => (short)s)),
                .. more,
            ]);
    }
}
