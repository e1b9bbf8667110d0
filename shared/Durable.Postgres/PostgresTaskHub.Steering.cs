using System.Data.Common;
using Bibind.Durable.History;
using Bibind.Durable.Serialization;
using Npgsql;

namespace Bibind.Durable.Postgres;

public sealed partial class PostgresTaskHub
{
    private const string SendSql =
        """
        INSERT INTO durable.messages (instance_id, visible_at, event)
        SELECT instance_id, CASE WHEN $3 THEN now() ELSE greatest(now(), starts_at) END, $2 FROM durable.leases WHERE instance_id = $1
        RETURNING id
        """;

    // One that a worker is recording at this moment is locked, and has fired. An orchestrator's clock follows what it is told, so a timer that is
    // made due says so: what it sets afterwards would count from the time that was not waited for.
    private const string FireSql =
        """
        WITH waiting AS (
          SELECT m.id, t.event
          FROM durable.messages m
          JOIN unnest($2, $3) AS t (timer_id, event) ON (m.event ->> 'timerId')::int = t.timer_id
          WHERE m.instance_id = $1 AND m.visible_at > now() AND m.event ->> 'eventType' = 'TimerFired'
          ORDER BY m.id FOR UPDATE OF m SKIP LOCKED),
        fired AS (UPDATE durable.messages m SET visible_at = now(), event = w.event FROM waiting w WHERE m.id = w.id RETURNING 1)
        SELECT count(*)::int FROM fired
        """;

    /// <inheritdoc/>
    public async Task<bool> SteerAsync(string instanceId, HistoryEvent message, DbTransaction? transaction, CancellationToken cancellationToken)
    {
        var command = message is ExecutionRewoundEvent
            ? HubSql.Command("SELECT durable.rewind_instance($1, NULL, $2)", HubSql.Text(instanceId), HubSql.Json(HistoryJson.Write(message)))
            : HubSql.Command(SendSql, HubSql.Text(instanceId), HubSql.Json(HistoryJson.Write(message)), HubSql.Flag(message is ExecutionTerminatedEvent));
        return await RunAsync(command, transaction, cancellationToken) is not null and not false;
    }

    /// <inheritdoc/>
    public async Task<int> FireTimersAsync(
        string instanceId, IReadOnlyCollection<int> timerIds, bool givesUp, DateTime now, DbTransaction? transaction, CancellationToken cancellationToken)
    {
        var events = timerIds.Select(id => HistoryJson.Write(new TimerFiredEvent { TimerId = id, FireAt = now, Timestamp = now, GivesUp = givesUp }));
        return (int)(await RunAsync(HubSql.Command(FireSql, HubSql.Text(instanceId), HubSql.Ints(timerIds), HubSql.Jsons(events)), transaction, cancellationToken))!;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, DateTime>> FindNextTimersAsync(
        IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken)
    {
        await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(HubSql.Command(
            """
            SELECT w.id, t.due
            FROM unnest($1) AS w (id)
            CROSS JOIN LATERAL (
              SELECT min(visible_at) AS due FROM durable.messages
              WHERE instance_id = w.id AND visible_at > now() AND event ->> 'eventType' = 'TimerFired') AS t
            WHERE t.due IS NOT NULL
            """,
            HubSql.Texts(instanceIds.Distinct(StringComparer.Ordinal))));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var due = new Dictionary<string, DateTime>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            due.Add(reader.GetString(0), reader.GetDateTime(1));
        }

        return due;
    }

    // What another transaction of the caller's brings wakes workers when that commits.
    private async Task<object?> RunAsync(NpgsqlBatchCommand command, DbTransaction? transaction, CancellationToken cancellationToken)
    {
        if (transaction is NpgsqlTransaction within)
        {
            await using var inside = new NpgsqlBatch(within.Connection, within);
            inside.BatchCommands.Add(command);
            inside.BatchCommands.Add(PostgresWorkSignal.NotifyAll());
            return await inside.ExecuteScalarAsync(cancellationToken);
        }

        await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(command);
        batch.BatchCommands.Add(_signal.NotifyOthers());
        var result = await batch.ExecuteScalarAsync(cancellationToken);
        _signal.Set();
        return result;
    }
}
