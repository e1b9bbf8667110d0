using Bibind.Durable.Hubs;
using Bibind.Durable.Serialization;
using Npgsql;

namespace Bibind.Durable.Postgres;

/// <summary>The statement that leases instances with their inboxes, and its reader.</summary>
internal static class InstanceLeasing
{
    // Due messages of instances that nobody holds, oldest first; several may belong to one instance. A turn gets a
    // thousand at most, so that a flooded inbox fills no memory. Who is leased before its scheduled start is to be
    // terminated, and gets its first message along.
    private const string Lease =
        """
        WITH due AS (
          SELECT DISTINCT s.instance_id FROM (
            SELECT m.instance_id
            FROM durable.messages m JOIN durable.leases l USING (instance_id)
            WHERE m.visible_at <= now() AND l.available_at <= now() AND l.instance_id <> ALL ($5)
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
          RETURNING l.instance_id, l.token, locked.previous, l.attempts, l.starts_at)
        SELECT leased.instance_id, leased.token, leased.previous, m.id, m.execution_id, m.event, leased.attempts
        FROM leased
        CROSS JOIN LATERAL (
          SELECT id, execution_id, event FROM durable.messages
          WHERE instance_id = leased.instance_id
            AND (visible_at <= now() OR (leased.starts_at > now() AND event ->> 'eventType' = 'ExecutionStarted'))
          ORDER BY id LIMIT 1000) AS m
        ORDER BY m.id
        """;

    public static void AddTo(NpgsqlBatch batch, LeaseRequest request, int messagesScannedPerLease) =>
        batch.BatchCommands.Add(HubSql.Command(
            Lease,
            HubSql.Text(request.Worker),
            HubSql.Interval(request.Duration),
            HubSql.Int(request.MaxInstances),
            HubSql.Int(request.MaxInstances * messagesScannedPerLease),
            HubSql.Texts(request.PassedBy)));

    /// <summary>Reads the statement's rows, and goes on to the next statement's.</summary>
    public static async Task<IReadOnlyList<LeasedInstance>> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var rows = new List<Row>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(new Row(
                InstanceId: reader.GetString(0),
                Token: reader.GetInt64(1),
                PreviousToken: reader.GetInt64(2),
                MessageId: reader.GetInt64(3),
                ExecutionId: await reader.IsDBNullAsync(4, cancellationToken) ? null : reader.GetString(4),
                Event: reader.GetString(5),
                Attempts: reader.GetInt32(6)));
        }

        await reader.NextResultAsync(cancellationToken);
        return
        [
            .. rows.GroupBy(row => row.InstanceId, StringComparer.Ordinal).Select(inbox => new LeasedInstance(
                new InstanceLease(inbox.Key, inbox.First().Token),
                inbox.First().PreviousToken,
                [.. inbox.Select(row => new InboxMessage(row.MessageId, row.InstanceId, row.ExecutionId, HistoryJson.Read(row.Event)))])
            {
                Attempts = inbox.First().Attempts,
            }),
        ];
    }

    private sealed record Row(string InstanceId, long Token, long PreviousToken, long MessageId, string? ExecutionId, string Event, int Attempts);
}
