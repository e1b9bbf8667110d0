using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Bibind.Durable.Serialization;
using Microsoft.DurableTask.Client;
using Npgsql;

namespace Bibind.Durable.Postgres;

public sealed partial class PostgresTaskHub
{
    private const string LeaseLostState = "BD001";

    /// <inheritdoc/>
    public async Task CommitAsync(IReadOnlyList<TurnCommit> turns, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(turns);
        await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
        // One batch without an explicit transaction is one round trip and one transaction.
        await using var batch = new NpgsqlBatch(connection);
        Action<NpgsqlBatchCommand> add = batch.BatchCommands.Add;
        var payloads = new Payloads();
        AddFence(turns, add);
        AddHistory(turns, payloads, add);
        AddUpdates(turns, add);
        AddChildren(turns, payloads, add);
        var wake = AddWork(turns, payloads, add);
        payloads.AddTo(batch);
        var released = turns.Where(t => t.ReleasesLease && t.Update is not { Ended: true }).Select(t => t.Lease.InstanceId).ToArray();
        if (released.Length > 0)
        {
            add(HubSql.Command("UPDATE durable.leases SET locked_by = NULL, available_at = '-infinity', attempts = 0 WHERE instance_id = ANY ($1)", HubSql.Texts(released)));
        }

        var cleared = turns.Where(t => t.ClearsAttempts && !t.ReleasesLease).Select(t => t.Lease.InstanceId).ToArray();
        if (cleared.Length > 0)
        {
            add(HubSql.Command("UPDATE durable.leases SET attempts = 0 WHERE instance_id = ANY ($1)", HubSql.Texts(cleared)));
        }

        if (wake)
        {
            add(_signal.NotifyOthers());
        }

        try
        {
            await batch.PrepareAsync(cancellationToken);
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException lost) when (lost.SqlState == LeaseLostState)
        {
            throw new LeaseLostException(lost.MessageText);
        }

        if (turns.Any(t => t.MakesWork))
        {
            // Our own worker need not wait for the notification, nor for the end of its poll when a timer was set.
            _signal.Set();
        }

        foreach (var ended in turns.Where(t => t.Update is { Ended: true }))
        {
            InstanceEnded?.Invoke(ended.Lease.InstanceId);
        }
    }

    /// <inheritdoc/>
    public async Task CompleteActivitiesAsync(IReadOnlyList<ActivityResult> answers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(answers);
        await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        var payloads = new Payloads();
        batch.BatchCommands.Add(HubSql.Command(
            """
            WITH answer AS (
              SELECT * FROM unnest($1, $2, $3, $4, $5) AS w (id, token, instance_id, execution_id, event)),
            locked AS (
              SELECT a.id FROM durable.activities a JOIN answer w ON a.id = w.id AND a.token = w.token ORDER BY a.id FOR UPDATE OF a),
            deleted AS (DELETE FROM durable.activities a USING locked WHERE a.id = locked.id RETURNING a.id, a.token)
            INSERT INTO durable.messages (instance_id, execution_id, visible_at, event)
            SELECT w.instance_id, w.execution_id, now(), w.event
            FROM answer w JOIN deleted USING (id, token) JOIN durable.leases l ON l.instance_id = w.instance_id
            """,
            HubSql.Uuids(answers.Select(a => a.Lease.ActivityId)),
            HubSql.Longs(answers.Select(a => a.Lease.Token)),
            HubSql.Texts(answers.Select(a => a.InstanceId)),
            HubSql.Texts(answers.Select(a => a.ExecutionId)),
            HubSql.Jsons(answers.Select(a => HistoryJson.Write(payloads.Detach(a.InstanceId, a.Event))))));
        payloads.AddTo(batch);
        batch.BatchCommands.Add(_signal.NotifyOthers());
        await batch.PrepareAsync(cancellationToken);
        await batch.ExecuteNonQueryAsync(cancellationToken);
        _signal.Set();
    }

    private static void AddFence(IReadOnlyList<TurnCommit> turns, Action<NpgsqlBatchCommand> add)
    {
        add(HubSql.Command(
            "SELECT durable.fence($1, $2)", HubSql.Texts(turns.Select(t => t.Lease.InstanceId)), HubSql.Longs(turns.Select(t => t.Lease.Token))));
        var activities = turns.SelectMany(t => t.ConsumedActivities).ToArray();
        if (activities.Length > 0)
        {
            add(HubSql.Command(
                "SELECT durable.consume_activities($1, $2)", HubSql.Uuids(activities.Select(a => a.ActivityId)), HubSql.Longs(activities.Select(a => a.Token))));
        }

        var messages = turns.SelectMany(t => t.ConsumedMessages).ToArray();
        if (messages.Length > 0)
        {
            add(HubSql.Command("SELECT durable.consume_messages($1)", HubSql.Longs(messages)));
        }
    }

    private static void AddHistory(IReadOnlyList<TurnCommit> turns, Payloads payloads, Action<NpgsqlBatchCommand> add)
    {
        var replaced = turns.Where(t => t.ReplacesHistory).Select(t => t.Lease.InstanceId).ToArray();
        if (replaced.Length > 0)
        {
            add(HubSql.Command("DELETE FROM durable.history WHERE instance_id = ANY ($1)", HubSql.Texts(replaced)));
            add(HubSql.Command(
                """
                DELETE FROM durable.payloads p
                WHERE p.instance_id = ANY ($1)
                  AND NOT EXISTS (SELECT FROM durable.messages m WHERE m.instance_id = p.instance_id AND m.event ->> 'payload' = p.key)
                  AND NOT EXISTS (SELECT FROM durable.activities a WHERE a.instance_id = p.instance_id AND a.scheduled ->> 'payload' = p.key)
                """,
                HubSql.Texts(replaced)));
        }

        add(HubSql.Command(
            "INSERT INTO durable.history (instance_id, execution_id, turn, events) SELECT * FROM unnest($1, $2, $3, $4)",
            HubSql.Texts(turns.Select(t => t.Lease.InstanceId)),
            HubSql.Texts(turns.Select(t => t.ExecutionId)),
            HubSql.Ints(turns.Select(t => t.Turn)),
            HubSql.Jsons(turns.Select(t => HistoryJson.Write(payloads.Detach(t.Lease.InstanceId, t.NewHistory))))));
    }

    private static void AddUpdates(IReadOnlyList<TurnCommit> turns, Action<NpgsqlBatchCommand> add)
    {
        var updated = turns.Where(t => t.Update is not null).ToArray();
        if (updated.Length > 0)
        {
            add(HubSql.Command(
                """
                UPDATE durable.instances i
                SET execution_id = w.execution_id, status = w.status, version = w.version, output = w.output,
                    input = CASE WHEN w.execution_id = i.execution_id THEN i.input ELSE w.input END,
                    custom_status = w.custom_status, failure = w.failure, updated_at = w.at, completed_at = w.completed_at
                FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                  AS w (instance_id, execution_id, status, version, output, input, custom_status, failure, at, completed_at)
                WHERE i.instance_id = w.instance_id
                """,
                HubSql.Texts(updated.Select(t => t.Lease.InstanceId)),
                HubSql.Texts(updated.Select(t => t.Update!.ExecutionId)),
                HubSql.Shorts(updated.Select(t => (short)t.Update!.Status)),
                HubSql.Texts(updated.Select(t => t.Update!.Version)),
                HubSql.Texts(updated.Select(t => t.Update!.Output)),
                // Only a new generation has a new input; it need not travel otherwise.
                HubSql.Texts(updated.Select(t => t.ReplacesHistory ? t.Update!.Input : null)),
                HubSql.Texts(updated.Select(t => t.Update!.CustomStatus)),
                HubSql.Jsons(updated.Select(t => HistoryJson.Write(t.Update!.FailureDetails))),
                HubSql.Times(updated.Select(t => (DateTime?)t.Update!.At)),
                HubSql.Times(updated.Select(t => t.Update!.Ended ? (DateTime?)t.Update!.At : null))));
        }

        var ended = updated.Where(t => t.Update!.Ended).Select(t => t.Lease.InstanceId).ToArray();
        if (ended.Length > 0)
        {
            add(HubSql.Command("DELETE FROM durable.leases WHERE instance_id = ANY ($1)", HubSql.Texts(ended)));
            add(HubSql.Command("DELETE FROM durable.messages WHERE instance_id = ANY ($1)", HubSql.Texts(ended)));
        }

        // Who ended an instance from outside does not want its steps any more: one that waits never begins, one under way has lost its lease.
        var terminated = updated.Where(t => t.Update!.Status == OrchestrationRuntimeStatus.Terminated).Select(t => t.Lease.InstanceId).ToArray();
        if (terminated.Length > 0)
        {
            add(HubSql.Command(
                """
                DELETE FROM durable.activities a
                USING (SELECT id FROM durable.activities WHERE instance_id = ANY ($1) ORDER BY id FOR UPDATE) AS locked WHERE a.id = locked.id
                """,
                HubSql.Texts(terminated)));
        }
    }

    private static void AddChildren(IReadOnlyList<TurnCommit> turns, Payloads payloads, Action<NpgsqlBatchCommand> add)
    {
        foreach (var child in turns.SelectMany(t => t.Children))
        {
            var parent = child.Started.Parent!;
            add(CreateCommand(
                """
                INSERT INTO durable.messages (instance_id, execution_id, visible_at, event)
                SELECT $12, $13, now(), $14 WHERE durable.create_instance($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) IS NOT NULL
                """,
                child,
                payloads,
                HubSql.Text(parent.InstanceId),
                HubSql.Text(parent.ExecutionId),
                HubSql.Json(HistoryJson.Write(SubOrchestrationRefused.Describe(child.Started)))));
        }

        foreach (var child in turns.SelectMany(t => t.Rewinds))
        {
            add(HubSql.Command(
                """
                INSERT INTO durable.messages (instance_id, execution_id, visible_at, event)
                SELECT $2, $4, now(), $5 WHERE NOT durable.rewind_instance($1, $2, $3)
                """,
                HubSql.Text(child.InstanceId),
                HubSql.Text(child.IfRefused.InstanceId),
                HubSql.Json(HistoryJson.Write(child.Message)),
                HubSql.Text(child.IfRefused.ExecutionId),
                HubSql.Json(HistoryJson.Write(child.IfRefused.Event))));
        }
    }

    private static bool AddWork(IReadOnlyList<TurnCommit> turns, Payloads payloads, Action<NpgsqlBatchCommand> add)
    {
        var activities = turns.SelectMany(t => t.Activities.Select(a => (Turn: t, Activity: a))).ToArray();
        if (activities.Length > 0)
        {
            add(HubSql.Command(
                """
                INSERT INTO durable.activities (id, instance_id, execution_id, scheduled, token, deliveries, locked_by, available_at, owner, pool, trace_parent)
                SELECT id, instance_id, execution_id, scheduled, 1, CASE WHEN worker IS NULL THEN 0 ELSE 1 END, worker, now() + coalesce(lease, interval '0'), owner, pool, trace_parent
                FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) AS w (id, instance_id, execution_id, scheduled, worker, lease, owner, pool, trace_parent)
                """,
                HubSql.Uuids(activities.Select(a => a.Activity.Lease.ActivityId)),
                HubSql.Texts(activities.Select(a => a.Turn.Lease.InstanceId)),
                HubSql.Texts(activities.Select(a => a.Turn.ExecutionId)),
                HubSql.Jsons(activities.Select(a => HistoryJson.Write(payloads.Detach(a.Turn.Lease.InstanceId, a.Activity.Scheduled)))),
                HubSql.Texts(activities.Select(a => a.Activity.ClaimFor?.Worker)),
                HubSql.Intervals(activities.Select(a => a.Activity.ClaimFor?.Duration)),
                HubSql.Texts(activities.Select(a => a.Activity.Owner)),
                HubSql.Texts(activities.Select(a => a.Activity.Pool)),
                HubSql.Texts(activities.Select(a => a.Activity.TraceParent))));
        }

        var messages = turns.SelectMany(t => t.Messages).ToArray();
        if (messages.Length > 0)
        {
            // Who has no lease row has ended, or never was: what is sent there is dropped.
            add(HubSql.Command(
                """
                INSERT INTO durable.messages (instance_id, execution_id, visible_at, event)
                SELECT w.instance_id, w.execution_id,
                       CASE WHEN w.terminates THEN now() ELSE greatest(coalesce(w.visible_at, now()), l.starts_at) END, w.event
                FROM unnest($1, $2, $3, $4, $5) WITH ORDINALITY AS w (instance_id, execution_id, visible_at, event, terminates, position)
                JOIN durable.leases l ON l.instance_id = w.instance_id
                ORDER BY w.position
                """,
                HubSql.Texts(messages.Select(m => m.InstanceId)),
                HubSql.Texts(messages.Select(m => m.ExecutionId)),
                HubSql.Times(messages.Select(m => m.VisibleAt)),
                HubSql.Jsons(messages.Select(m => HistoryJson.Write(payloads.Detach(m.InstanceId, m.Event)))),
                HubSql.Flags(messages.Select(m => m.Event is ExecutionTerminatedEvent))));
        }

        return activities.Any(a => a.Activity.ClaimFor is null)
            || messages.Any(m => m.VisibleAt is null)
            || turns.Any(t => t.Children.Count > 0 || t.Rewinds.Count > 0 || t.FreesPool);
    }
}
