using Bibind.Durable.History;
using Bibind.Durable.Serialization;
using Npgsql;

namespace Bibind.Durable.Hubs.Postgres;

public sealed partial class PostgresTaskHub
{
    // Due messages of instances that nobody holds, oldest first; several may belong to one instance. A turn gets a
    // thousand at most, so that a flooded inbox fills no memory.
    private const string LeaseInstances =
        """
        WITH due AS (
          SELECT DISTINCT s.instance_id FROM (
            SELECT m.instance_id
            FROM durable.messages m JOIN durable.leases l USING (instance_id)
            WHERE m.visible_at <= now() AND l.available_at <= now()
            ORDER BY m.visible_at
            LIMIT $4) s),
        locked AS (
          SELECT l.instance_id, l.token AS previous
          FROM durable.leases l JOIN due USING (instance_id)
          WHERE l.available_at <= now()
          LIMIT $3
          FOR UPDATE OF l SKIP LOCKED),
        leased AS (
          UPDATE durable.leases l
          SET token = nextval('durable.lease_tokens'), locked_by = $1, available_at = now() + $2, attempts = attempts + 1
          FROM locked
          WHERE l.instance_id = locked.instance_id
          RETURNING l.instance_id, l.token, locked.previous, l.attempts)
        SELECT leased.instance_id, leased.token, leased.previous, m.id, m.execution_id, m.event, leased.attempts
        FROM leased
        CROSS JOIN LATERAL (
          SELECT id, execution_id, event FROM durable.messages
          WHERE instance_id = leased.instance_id AND visible_at <= now()
          ORDER BY id LIMIT 1000) AS m
        ORDER BY m.id
        """;

    private const string HeldMessages =
        """
        SELECT h.instance_id, 0::bigint, 0::bigint, m.id, m.execution_id, m.event, 0
        FROM unnest($1) AS h (instance_id)
        CROSS JOIN LATERAL (
          SELECT id, execution_id, event FROM durable.messages
          WHERE instance_id = h.instance_id AND visible_at <= now()
          ORDER BY id LIMIT 1000) AS m
        ORDER BY m.id
        """;

    private const string NextDue =
        """
        SELECT least(
          (SELECT min(visible_at) FROM durable.messages WHERE visible_at > now()),
          (SELECT min(available_at) FROM durable.activities WHERE available_at > now()))
        """;

    /// <inheritdoc/>
    public async Task<LeasedWork> LeaseAsync(LeaseRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        var before = 0;
        if (request.MaxInstances > 0)
        {
            batch.BatchCommands.Add(Sql.Command(
                LeaseInstances,
                Sql.Text(request.Worker),
                Sql.Interval(request.Duration),
                Sql.Int(request.MaxInstances),
                Sql.Int(request.MaxInstances * _options.MessagesScannedPerLease)));
        }

        if (request.MaxActivities > 0)
        {
            before = ActivityLeasing.AddTo(batch, request);
        }

        if (request.Held.Count > 0)
        {
            batch.BatchCommands.Add(Sql.Command(HeldMessages, Sql.Texts(request.Held)));
        }

        batch.BatchCommands.Add(Sql.Command(NextDue));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var instances = new Dictionary<string, (InstanceLease Lease, long Previous, int Attempts, List<InboxMessage> Messages)>(StringComparer.Ordinal);
        if (request.MaxInstances > 0)
        {
            await foreach (var (token, previous, attempts, message) in ReadMessagesAsync(reader, cancellationToken))
            {
                if (!instances.TryGetValue(message.InstanceId, out var leased))
                {
                    instances.Add(message.InstanceId, leased = (new InstanceLease(message.InstanceId, token), previous, attempts, []));
                }

                leased.Messages.Add(message);
            }
        }

        var activities = new List<LeasedActivity>();
        if (request.MaxActivities > 0)
        {
            for (; before > 0; before--)
            {
                await reader.NextResultAsync(cancellationToken);
            }

            while (await reader.ReadAsync(cancellationToken))
            {
                activities.Add(new LeasedActivity
                {
                    Lease = new ActivityLease(reader.GetGuid(0), reader.GetInt64(1)),
                    InstanceId = reader.GetString(2),
                    ExecutionId = reader.GetString(3),
                    Scheduled = (TaskScheduledEvent)HistoryJson.Read(reader.GetString(4)),
                    Deliveries = reader.GetInt32(5),
                    GivenBack = reader.GetInt32(6),
                    Owner = reader.GetString(7),
                    IsPooled = reader.GetBoolean(8),
                    TraceParent = await reader.IsDBNullAsync(9, cancellationToken) ? null : reader.GetString(9),
                });
            }

            await reader.NextResultAsync(cancellationToken);
        }

        var messages = new List<InboxMessage>();
        if (request.Held.Count > 0)
        {
            await foreach (var (_, _, _, message) in ReadMessagesAsync(reader, cancellationToken))
            {
                messages.Add(message);
            }
        }

        await reader.ReadAsync(cancellationToken);
        DateTime? nextDueAt = await reader.IsDBNullAsync(0, cancellationToken) ? null : reader.GetDateTime(0);
        await reader.DisposeAsync();
        var lines = instances.Values.SelectMany(i => i.Messages).Concat(messages).Select(m => (m.InstanceId, m.Event))
            .Concat(activities.Select(a => (a.InstanceId, (HistoryEvent)a.Scheduled)));
        var whole = await Payloads.LoadAsync(connection, lines, cancellationToken);
        InboxMessage Whole(InboxMessage message) => message.Event.Payload is null ? message : message with { Event = whole(message.InstanceId, message.Event) };
        return new LeasedWork(
            [.. instances.Values.Select(i => new LeasedInstance(i.Lease, i.Previous, [.. i.Messages.Select(Whole)]) { Attempts = i.Attempts })],
            [.. activities.Select(a => a.Scheduled.Payload is null ? a : a with { Scheduled = (TaskScheduledEvent)whole(a.InstanceId, a.Scheduled) })],
            [.. messages.Select(Whole)],
            nextDueAt);
    }

    /// <inheritdoc/>
    public async Task<LostLeases> RenewAsync(LeaseRenewal renewal, CancellationToken cancellationToken)
    {
        // One that was given back while its renewal was on the way has its token still; renewed, it would be nobody's and
        // keep everybody off.
        ArgumentNullException.ThrowIfNull(renewal);
        await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Sql.Command(
            """
            WITH locked AS (
              SELECT l.instance_id FROM durable.leases l
              JOIN unnest($1, $2) AS w (id, token) ON l.instance_id = w.id AND l.token = w.token
              WHERE l.locked_by IS NOT NULL
              ORDER BY l.instance_id FOR UPDATE OF l)
            UPDATE durable.leases l SET available_at = now() + $3 FROM locked WHERE l.instance_id = locked.instance_id
            RETURNING l.instance_id
            """,
            Sql.Texts(renewal.Instances.Select(i => i.InstanceId)),
            Sql.Longs(renewal.Instances.Select(i => i.Token)),
            Sql.Interval(renewal.Duration)));
        batch.BatchCommands.Add(Sql.Command(
            """
            WITH locked AS (
              SELECT a.id FROM durable.activities a
              JOIN unnest($1, $2) AS w (id, token) ON a.id = w.id AND a.token = w.token
              WHERE a.locked_by IS NOT NULL
              ORDER BY a.id FOR UPDATE OF a)
            UPDATE durable.activities a SET available_at = now() + $3 FROM locked WHERE a.id = locked.id
            RETURNING a.id
            """,
            Sql.Uuids(renewal.Activities.Select(a => a.ActivityId)),
            Sql.Longs(renewal.Activities.Select(a => a.Token)),
            Sql.Interval(renewal.Duration)));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var instances = new HashSet<string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            instances.Add(reader.GetString(0));
        }

        await reader.NextResultAsync(cancellationToken);
        var activities = new HashSet<Guid>();
        while (await reader.ReadAsync(cancellationToken))
        {
            activities.Add(reader.GetGuid(0));
        }

        return new LostLeases(
            [.. renewal.Instances.Where(i => !instances.Contains(i.InstanceId))],
            [.. renewal.Activities.Where(a => !activities.Contains(a.ActivityId))]);
    }

    /// <inheritdoc/>
    public async Task ReleaseAsync(
        IReadOnlyList<InstanceLease> instances, IReadOnlyList<ActivityLease> activities, TimeSpan delay, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(instances);
        ArgumentNullException.ThrowIfNull(activities);
        await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Sql.Command(
            """
            WITH locked AS (
              SELECT l.instance_id FROM durable.leases l
              JOIN unnest($1, $2) AS w (id, token) ON l.instance_id = w.id AND l.token = w.token
              ORDER BY l.instance_id FOR UPDATE OF l)
            UPDATE durable.leases l SET locked_by = NULL, available_at = now() + $3, attempts = greatest(attempts - 1, 0)
            FROM locked WHERE l.instance_id = locked.instance_id
            """,
            Sql.Texts(instances.Select(i => i.InstanceId)),
            Sql.Longs(instances.Select(i => i.Token)),
            Sql.Interval(delay)));
        batch.BatchCommands.Add(Sql.Command(
            """
            WITH locked AS (
              SELECT a.id FROM durable.activities a
              JOIN unnest($1, $2) AS w (id, token) ON a.id = w.id AND a.token = w.token
              ORDER BY a.id FOR UPDATE OF a)
            UPDATE durable.activities a SET locked_by = NULL, available_at = now() + $3, given_back = given_back + 1 FROM locked WHERE a.id = locked.id
            """,
            Sql.Uuids(activities.Select(a => a.ActivityId)),
            Sql.Longs(activities.Select(a => a.Token)),
            Sql.Interval(delay)));
        if (delay <= TimeSpan.Zero)
        {
            batch.BatchCommands.Add(PostgresWorkSignal.Notify());
        }

        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async IAsyncEnumerable<(long Token, long Previous, int Attempts, InboxMessage Message)> ReadMessagesAsync(
        NpgsqlDataReader reader, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await reader.ReadAsync(cancellationToken))
        {
            yield return (
                reader.GetInt64(1),
                reader.GetInt64(2),
                reader.GetInt32(6),
                new InboxMessage(
                    reader.GetInt64(3),
                    reader.GetString(0),
                    await reader.IsDBNullAsync(4, cancellationToken) ? null : reader.GetString(4),
                    HistoryJson.Read(reader.GetString(5))));
        }

        await reader.NextResultAsync(cancellationToken);
    }
}
