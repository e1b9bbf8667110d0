using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Bibind.Durable.Serialization;
using Npgsql;

namespace Bibind.Durable.Postgres;

public sealed partial class PostgresTaskHub
{
    private const int PurgedAtOnce = 1000;

    /// <inheritdoc/>
    public async Task<bool> PurgeAsync(string instanceId, CancellationToken cancellationToken)
    {
        await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(HubSql.Command(
            """
            WITH ended AS (
              DELETE FROM durable.instances i
              WHERE i.instance_id = $1 AND NOT EXISTS (SELECT FROM durable.leases l WHERE l.instance_id = i.instance_id)
              RETURNING 1),
            texts AS (DELETE FROM durable.payloads WHERE instance_id = $1 AND EXISTS (SELECT FROM ended)),
            lines AS (DELETE FROM durable.history WHERE instance_id = $1 AND EXISTS (SELECT FROM ended))
            SELECT EXISTS (SELECT FROM ended), EXISTS (SELECT FROM durable.leases WHERE instance_id = $1)
            """,
            HubSql.Text(instanceId)));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.GetBoolean(1)
            ? throw new InvalidOperationException($"The instance '{instanceId}' has not ended; terminate it before it is purged.")
            : reader.GetBoolean(0);
    }

    /// <inheritdoc/>
    public async Task<int> PurgeAsync(HubPurgeFilter filter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
        var purged = 0;
        while (true)
        {
            // In parts, so that no transaction lasts long.
            await using var batch = new NpgsqlBatch(connection);
            batch.BatchCommands.Add(HubSql.Command(
                """
                WITH chosen AS (
                  SELECT instance_id FROM durable.instances
                  WHERE completed_at IS NOT NULL
                    AND ($1 IS NULL OR created_at >= $1) AND ($2 IS NULL OR created_at < $2) AND ($3 IS NULL OR completed_at < $3)
                    AND (cardinality($4) = 0 OR status = ANY ($4))
                  LIMIT $5
                  FOR UPDATE SKIP LOCKED),
                ended AS (DELETE FROM durable.instances i USING chosen c WHERE i.instance_id = c.instance_id RETURNING i.instance_id),
                texts AS (DELETE FROM durable.payloads p USING ended e WHERE p.instance_id = e.instance_id),
                lines AS (DELETE FROM durable.history h USING ended e WHERE h.instance_id = e.instance_id)
                SELECT count(*)::int FROM ended
                """,
                HubSql.Time(filter.CreatedFrom?.UtcDateTime),
                HubSql.Time(filter.CreatedTo?.UtcDateTime),
                HubSql.Time(filter.CompletedBefore?.UtcDateTime),
                HubSql.Shorts((filter.Statuses ?? []).Select(s => (short)s)),
                HubSql.Int(PurgedAtOnce)));
            var part = (int)(await batch.ExecuteScalarAsync(cancellationToken))!;
            purged += part;
            if (part < PurgedAtOnce)
            {
                return purged;
            }
        }
    }

    /// <inheritdoc/>
    public async Task RewindAsync(string instanceId, ExecutionRewoundEvent message, CancellationToken cancellationToken)
    {
        await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(HubSql.Command(
            "SELECT durable.rewind_instance($1, NULL, $2)", HubSql.Text(instanceId), HubSql.Json(HistoryJson.Write(message))));
        batch.BatchCommands.Add(_signal.NotifyOthers());
        if (!(bool)(await batch.ExecuteScalarAsync(cancellationToken))!)
        {
            throw new InvalidOperationException($"The instance '{instanceId}' cannot be rewound: there is none, or it has not failed.");
        }

        _signal.Set();
    }

    /// <inheritdoc/>
    public async Task QuarantineAsync(InstanceLease lease, string reason, CancellationToken cancellationToken)
    {
        await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(HubSql.Command(
            """
            WITH isolated AS (
              UPDATE durable.leases SET locked_by = NULL, available_at = 'infinity' WHERE instance_id = $1 AND token = $2 RETURNING instance_id)
            UPDATE durable.instances i SET isolated_reason = $3, updated_at = now() FROM isolated WHERE i.instance_id = isolated.instance_id
            """,
            HubSql.Text(lease.InstanceId),
            new NpgsqlParameter<long> { TypedValue = lease.Token },
            HubSql.Text(reason)));
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<bool> ReleaseQuarantinedAsync(string instanceId, CancellationToken cancellationToken)
    {
        await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        // One attempt stays counted: that is how a worker knows to be careful. From now on and not earlier: a fetch that has
        // already begun would not see what was sent before the release, such as the word to terminate it.
        batch.BatchCommands.Add(HubSql.Command(
            """
            WITH released AS (
              UPDATE durable.instances SET isolated_reason = NULL, updated_at = now()
              WHERE instance_id = $1 AND isolated_reason IS NOT NULL
              RETURNING instance_id)
            UPDATE durable.leases l SET available_at = now(), attempts = 1 FROM released r WHERE l.instance_id = r.instance_id
            RETURNING 1
            """,
            HubSql.Text(instanceId)));
        batch.BatchCommands.Add(_signal.NotifyOthers());
        var isReleased = await batch.ExecuteScalarAsync(cancellationToken) is int;
        _signal.Set();
        return isReleased;
    }
}
