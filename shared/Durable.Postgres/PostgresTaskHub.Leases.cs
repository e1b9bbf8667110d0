using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Npgsql;

namespace Bibind.Durable.Postgres;

public sealed partial class PostgresTaskHub
{
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
        var (takesInstances, takesActivities, holds) = (request.MaxInstances > 0, request.MaxActivities > 0, request.Held.Count > 0);
        if (takesInstances)
        {
            InstanceLeasing.AddTo(batch, request, _options.MessagesScannedPerLease);
        }

        if (takesActivities)
        {
            ActivityLeasing.AddTo(batch, request);
        }

        if (holds)
        {
            HeldInboxes.AddTo(batch, request);
        }

        batch.BatchCommands.Add(HubSql.Command(NextDue));
        await batch.PrepareAsync(cancellationToken);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var work = new LeasedWork(
            takesInstances ? await InstanceLeasing.ReadAsync(reader, cancellationToken) : [],
            takesActivities ? await ActivityLeasing.ReadAsync(reader, request, cancellationToken) : [],
            holds ? await HeldInboxes.ReadAsync(reader, cancellationToken) : [],
            await ReadNextDueAsync(reader, cancellationToken));
        await reader.DisposeAsync();
        return await WithTextsAsync(connection, work, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<LostLeases> RenewAsync(LeaseRenewal renewal, CancellationToken cancellationToken)
    {
        // One that was given back while its renewal was on the way has its token still; renewed, it would be nobody's and
        // keep everybody off.
        ArgumentNullException.ThrowIfNull(renewal);
        await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(HubSql.Command(
            """
            WITH locked AS (
              SELECT l.instance_id FROM durable.leases l
              JOIN unnest($1, $2) AS w (id, token) ON l.instance_id = w.id AND l.token = w.token
              WHERE l.locked_by IS NOT NULL
              ORDER BY l.instance_id FOR UPDATE OF l)
            UPDATE durable.leases l SET available_at = now() + $3 FROM locked WHERE l.instance_id = locked.instance_id
            RETURNING l.instance_id
            """,
            HubSql.Texts(renewal.Instances.Select(i => i.InstanceId)),
            HubSql.Longs(renewal.Instances.Select(i => i.Token)),
            HubSql.Interval(renewal.Duration)));
        batch.BatchCommands.Add(HubSql.Command(
            """
            WITH locked AS (
              SELECT a.id FROM durable.activities a
              JOIN unnest($1, $2) AS w (id, token) ON a.id = w.id AND a.token = w.token
              WHERE a.locked_by IS NOT NULL
              ORDER BY a.id FOR UPDATE OF a)
            UPDATE durable.activities a SET available_at = now() + $3 FROM locked WHERE a.id = locked.id
            RETURNING a.id
            """,
            HubSql.Uuids(renewal.Activities.Select(a => a.ActivityId)),
            HubSql.Longs(renewal.Activities.Select(a => a.Token)),
            HubSql.Interval(renewal.Duration)));
        await batch.PrepareAsync(cancellationToken);
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
        batch.BatchCommands.Add(HubSql.Command(
            """
            WITH locked AS (
              SELECT l.instance_id FROM durable.leases l
              JOIN unnest($1, $2) AS w (id, token) ON l.instance_id = w.id AND l.token = w.token
              ORDER BY l.instance_id FOR UPDATE OF l)
            UPDATE durable.leases l SET locked_by = NULL, available_at = now() + $3, attempts = greatest(attempts - 1, 0)
            FROM locked WHERE l.instance_id = locked.instance_id
            """,
            HubSql.Texts(instances.Select(i => i.InstanceId)),
            HubSql.Longs(instances.Select(i => i.Token)),
            HubSql.Interval(delay)));
        batch.BatchCommands.Add(HubSql.Command(
            """
            WITH locked AS (
              SELECT a.id FROM durable.activities a
              JOIN unnest($1, $2) AS w (id, token) ON a.id = w.id AND a.token = w.token
              ORDER BY a.id FOR UPDATE OF a)
            UPDATE durable.activities a SET locked_by = NULL, available_at = now() + $3, given_back = given_back + 1 FROM locked WHERE a.id = locked.id
            """,
            HubSql.Uuids(activities.Select(a => a.ActivityId)),
            HubSql.Longs(activities.Select(a => a.Token)),
            HubSql.Interval(delay)));
        if (delay <= TimeSpan.Zero)
        {
            batch.BatchCommands.Add(_signal.NotifyOthers());
        }

        await batch.PrepareAsync(cancellationToken);
        await batch.ExecuteNonQueryAsync(cancellationToken);
        if (delay <= TimeSpan.Zero)
        {
            _signal.Set();
        }
    }

    private static async Task<DateTime?> ReadNextDueAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        await reader.ReadAsync(cancellationToken);
        return await reader.IsDBNullAsync(0, cancellationToken) ? null : reader.GetDateTime(0);
    }

    // Large texts are kept apart; what a worker gets is whole.
    private static async Task<LeasedWork> WithTextsAsync(NpgsqlConnection connection, LeasedWork work, CancellationToken cancellationToken)
    {
        var lines = work.Instances.SelectMany(i => i.Messages).Concat(work.Messages).Select(m => (m.InstanceId, m.Event))
            .Concat(work.Activities.Select(a => (a.InstanceId, (HistoryEvent)a.Scheduled)))
            .Where(line => line.Item2.Payload is not null)
            .ToArray();
        if (lines.Length == 0)
        {
            return work;
        }

        var whole = await Payloads.LoadAsync(connection, lines, cancellationToken);
        return work with
        {
            Instances = [.. work.Instances.Select(i => i with { Messages = [.. i.Messages.Select(Whole)] })],
            Activities = [.. work.Activities.Select(a => a with { Scheduled = (TaskScheduledEvent)whole(a.InstanceId, a.Scheduled) })],
            Messages = [.. work.Messages.Select(Whole)],
        };

        InboxMessage Whole(InboxMessage message) => message with { Event = whole(message.InstanceId, message.Event) };
    }
}
