using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Bibind.Durable.Serialization;
using Npgsql;

namespace Bibind.Durable.Postgres;

/// <summary>The statements that hand activities out, to owners in turn and no more of a pool than it has room for, and their reader.</summary>
internal static class ActivityLeasing
{
    // Any number will do, as long as every version of this program uses the same.
    private const string AdvisoryLock = "4776534218213410125";

    // Pools are counted one worker at a time, or two would give the last place away twice. Without anything to hand out
    // of a pool, nobody waits.
    private const string LockPools =
        $"SELECT pg_advisory_xact_lock({AdvisoryLock}) FROM (SELECT FROM durable.activities WHERE pool IS NOT NULL AND available_at <= now() LIMIT 1) AS due";

    // walk: the owners with work due, found by jumping through the index. At most a thousand from the first, and a
    // thousand from the one that has waited longest, so that everybody's time comes. Whoever has least gets next, and
    // among equals the one after the last served.
    private const string Lease =
        """
        WITH RECURSIVE
        oldest AS (SELECT owner FROM durable.activities WHERE available_at <= now() ORDER BY available_at LIMIT 1),
        walk AS (
          SELECT false AS later, (SELECT min(a.owner) FROM durable.activities a WHERE a.pool IS NULL AND a.available_at <= now()) AS owner, 1 AS step FROM oldest
          UNION ALL
          SELECT true, owner, 1 FROM oldest
          UNION ALL
          SELECT w.later,
                 (SELECT a.owner FROM durable.activities a
                  WHERE a.pool IS NULL AND a.owner > w.owner AND a.available_at <= now() ORDER BY a.owner LIMIT 1),
                 w.step + 1
          FROM walk w WHERE w.owner IS NOT NULL AND w.step < 1000),
        free AS (
          SELECT a.id, o.owner, a.available_at, a.turn + coalesce(r.running, 0) AS turn
          FROM (SELECT DISTINCT owner FROM walk WHERE owner IS NOT NULL) o
          LEFT JOIN unnest($7, $8) AS r (owner, running) ON r.owner = o.owner
          CROSS JOIN LATERAL (
            SELECT x.id, x.available_at, row_number() OVER (ORDER BY x.available_at) AS turn
            FROM (
              SELECT id, available_at FROM durable.activities
              WHERE pool IS NULL AND owner = o.owner AND available_at <= now() AND id <> ALL ($10)
              ORDER BY available_at
              LIMIT CASE WHEN o.owner = '' THEN $3 ELSE greatest(0, least($3, $6 - coalesce(r.running, 0))) END) AS x) AS a),
        pools AS (
          SELECT (SELECT min(pool) FROM durable.activities WHERE pool IS NOT NULL) AS pool FROM oldest
          UNION ALL
          SELECT (SELECT min(a.pool) FROM durable.activities a WHERE a.pool > p.pool) FROM pools p WHERE p.pool IS NOT NULL),
        pooled AS (
          SELECT a.id, a.owner, a.available_at, p.pool, row_number() OVER (PARTITION BY p.pool, a.owner ORDER BY a.available_at) AS turn
          FROM pools p
          CROSS JOIN LATERAL (
            SELECT id, available_at, owner FROM durable.activities WHERE pool = p.pool AND available_at <= now() AND id <> ALL ($10) ORDER BY available_at LIMIT 1000) AS a),
        admitted AS (
          SELECT q.id, q.owner, q.available_at, q.turn
          FROM (SELECT *, row_number() OVER (PARTITION BY pool ORDER BY turn, owner <= $9, owner, available_at) AS place FROM pooled) q
          LEFT JOIN unnest($4, $5) AS l (pool, capacity) ON l.pool = q.pool
          WHERE l.pool IS NULL OR q.place <= l.capacity - (
            SELECT count(*) FROM durable.activities a WHERE a.pool = q.pool AND a.available_at > now() AND a.locked_by IS NOT NULL)),
        chosen AS (
          SELECT id FROM (SELECT * FROM free UNION ALL SELECT * FROM admitted) AS both_kinds
          ORDER BY turn, owner <= $9, owner, available_at
          LIMIT $3),
        locked AS (
          SELECT a.id FROM durable.activities a JOIN chosen USING (id) WHERE a.available_at <= now() FOR UPDATE OF a SKIP LOCKED)
        UPDATE durable.activities a
        SET token = a.token + 1, deliveries = a.deliveries + 1, locked_by = $1, available_at = now() + $2
        FROM locked
        WHERE a.id = locked.id
        RETURNING a.id, a.token, a.instance_id, a.execution_id, a.scheduled, a.deliveries, a.given_back, a.owner, a.pool IS NOT NULL, a.trace_parent
        """;

    public static void AddTo(NpgsqlBatch batch, LeaseRequest request)
    {
        if (request.PoolLimits.Count > 0)
        {
            batch.BatchCommands.Add(HubSql.Command(LockPools));
        }

        var running = request.RunningByOwner.ToArray();
        batch.BatchCommands.Add(HubSql.Command(
            Lease,
            HubSql.Text(request.Worker),
            HubSql.Interval(request.Duration),
            HubSql.Int(request.MaxActivities),
            HubSql.Texts(request.PoolLimits.Keys),
            HubSql.Ints(request.PoolLimits.Values),
            HubSql.Int(request.MaxActivitiesPerOwner),
            HubSql.Texts(running.Select(r => r.Key)),
            HubSql.Ints(running.Select(r => r.Value)),
            HubSql.Text(request.LastOwner),
            HubSql.Uuids(request.PassedByActivities)));
    }

    /// <summary>Reads the statements' rows, and goes on to the next statement's.</summary>
    public static async Task<IReadOnlyList<LeasedActivity>> ReadAsync(NpgsqlDataReader reader, LeaseRequest request, CancellationToken cancellationToken)
    {
        if (request.PoolLimits.Count > 0)
        {
            await reader.NextResultAsync(cancellationToken);
        }

        var activities = new List<LeasedActivity>();
        while (await reader.ReadAsync(cancellationToken))
        {
            activities.Add(new LeasedActivity
            {
                Lease = new ActivityLease(reader.GetGuid(0), reader.GetInt64(1)),
                InstanceId = reader.GetString(2),
                ExecutionId = reader.GetString(3),
                Scheduled = (TaskScheduledEvent)HistoryJson.Read(reader.GetString(4)),
                Deliveries = reader.GetInt32(5),
                Abandoned = reader.GetInt32(6),
                Owner = reader.GetString(7),
                IsPooled = reader.GetBoolean(8),
                TraceParent = await reader.IsDBNullAsync(9, cancellationToken) ? null : reader.GetString(9),
            });
        }

        await reader.NextResultAsync(cancellationToken);
        return activities;
    }
}
