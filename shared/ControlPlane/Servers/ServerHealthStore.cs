using System.Text.Json;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.ControlPlane.Servers;

/// <summary>When servers are checked, what was found, and what follows from it.</summary>
public sealed class ServerHealthStore(NpgsqlDataSource database, TimeProvider time, ILogger<ServerHealthStore> logger)
{
    /// <summary>Who changes states by what was found.</summary>
    public const string Who = "health-check";

    private const int PurgedAtOnce = 20_000;

    // A draft is not set up yet, and a disabled one is not ours to ask.
    private const string IsWatched = $"s.state in ('active', 'maintenance', 'offline') and {ServerRows.IsThere}";

    /// <summary>Claims the servers whose check is due, each for one of all machines.</summary>
    /// <param name="moment">What is due at this moment.</param>
    /// <param name="lease">How long nobody else takes them.</param>
    /// <param name="most">How many at most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<IReadOnlyList<ClaimedCheck>> ClaimDueAsync(DateTimeOffset moment, TimeSpan lease, int most, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<ClaimedCheck>(Sql.Command(
            $"""
            insert into control.server_watch (server_id, due_at)
            select s.id, '-infinity' from control.servers s
            where {IsWatched} and not exists (select from control.server_watch w where w.server_id = s.id)
            on conflict do nothing;
            with due as (
              select w.server_id from control.server_watch w join control.servers s on s.id = w.server_id
              where w.due_at <= @moment and (w.claimed_until is null or w.claimed_until <= @now) and {IsWatched}
              order by w.due_at, w.server_id limit @most for update of w skip locked)
            update control.server_watch w set claim = gen_random_uuid(), claimed_until = @until
            from due where w.server_id = due.server_id
            returning w.server_id, w.claim
            """,
            new { moment, now, until = now + lease, most }, cancellationToken))).AsList();
    }

    /// <summary>Claims one server, due or not: a check of it that is under way counts no more.</summary>
    public async Task<ClaimedCheck> ClaimAsync(long serverId, TimeSpan lease, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleAsync<ClaimedCheck>(Sql.Command(
            """
            insert into control.server_watch as w (server_id, due_at, claim, claimed_until) values (@serverId, @now, gen_random_uuid(), @until)
            on conflict (server_id) do update set claim = excluded.claim, claimed_until = excluded.claimed_until
            returning w.server_id, w.claim
            """,
            new { serverId, now, until = now + lease }, cancellationToken));
    }

    /// <summary>Records what a check found, with everything that follows from it, in one transaction.</summary>
    /// <param name="claimed">Under which claim it was made.</param>
    /// <param name="result">What it found.</param>
    /// <param name="nextDue">When the server is to be checked again.</param>
    /// <param name="thresholds">When states change.</param>
    /// <param name="cancellationToken">Cancels the recording.</param>
    public async Task<RecordedCheck> RecordAsync(
        ClaimedCheck claimed, ServerCheckResult result, DateTimeOffset nextDue, HealthThresholds thresholds, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claimed);
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(thresholds);
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var server = await connection.QuerySingleOrDefaultAsync<Server>(Sql.Command(
            $"select s.* from control.servers s where s.id = @ServerId and {ServerRows.IsThere} for no key update", new { claimed.ServerId }, transaction, cancellationToken));
        var counts = await connection.QuerySingleOrDefaultAsync<Counts?>(Sql.Command(
            "select failures, successes from control.server_watch where server_id = @ServerId and claim = @Claim for update",
            new { claimed.ServerId, claimed.Claim }, transaction, cancellationToken));
        if (server is null || counts is null)
        {
            return new RecordedCheck(false, string.Empty, string.Empty, []);
        }

        var (state, failures, successes) = thresholds.Next(server.State, counts.Failures, counts.Successes, result.Answered);
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.server_watch
            set claim = null, claimed_until = null, due_at = @nextDue, failures = @failures, successes = @successes where server_id = @Id;
            update control.servers
            set health = @Health, health_reason = @Reason, only_capacity_warns = @OnlyCapacityWarns, last_check = @now, application_version = coalesce(@Version, application_version) where id = @Id;
            insert into control.server_checks (server_id, checked_at, health, reason, measures) values (@Id, @now, @Health, @Reason, @Measures::jsonb);
            """,
            new
            {
                server.Id,
                nextDue,
                failures,
                successes,
                result.Health,
                result.Reason,
                result.OnlyCapacityWarns,
                now,
                Version = result.IsOtherVersion ? null : result.Measures.ApplicationVersion,
                Measures = JsonSerializer.Serialize(result.Measures, JsonSerializerOptions.Web),
            },
            transaction, cancellationToken));
        var why = Explain(state, result, failures, successes);
        if (state != server.State)
        {
            await ServerRows.SetStateAsync(connection, transaction, server, state, new ChangedBy(Who, why, now), cancellationToken);
        }

        var raised = await AlertAsync(connection, transaction, server, state, result, why, now, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        if (state != server.State)
        {
            Logs.ServerStateChanged(logger, server.Code, server.State, state, Who, why);
        }

        return new RecordedCheck(true, server.State, state, raised);
    }

    /// <summary>Takes a version of the application over that was seen in a connection test.</summary>
    public async Task SetApplicationVersionAsync(long serverId, string version, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "update control.servers set application_version = @version where id = @serverId", new { serverId, version }, cancellationToken));
    }

    /// <summary>A server's checks, the newest first.</summary>
    public async Task<Page<ServerCheck>> ListAsync(long serverId, PageRequest page, CancellationToken cancellationToken)
    {
        page = page.Checked();
        var parameters = new { serverId, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command(
            "select count(*) from control.server_checks where server_id = @serverId", parameters, cancellationToken));
        var rows = await connection.QueryAsync<CheckRow>(Sql.Command(
            """
            select checked_at, health, reason, measures::text as measures from control.server_checks where server_id = @serverId
            order by id desc offset @Offset limit @Size
            """,
            parameters, cancellationToken));
        return new Page<ServerCheck>([.. rows.Select(r => r.ToCheck())], total, page.Number, page.Size);
    }

    /// <summary>Alerts, the newest first.</summary>
    /// <param name="openOnly">True leaves out those that are over.</param>
    /// <param name="page">Which part.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Page<ServerAlert>> ListAlertsAsync(bool openOnly, PageRequest page, CancellationToken cancellationToken)
    {
        const string From = "from control.server_alerts a join control.servers s on s.id = a.server_id where not @openOnly or a.cleared_at is null";
        page = page.Checked();
        var parameters = new { openOnly, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) {From}", parameters, cancellationToken));
        var items = await connection.QueryAsync<ServerAlert>(Sql.Command(
            $"select a.id, s.code as server_code, a.kind, a.reason, a.raised_at, a.cleared_at {From} order by a.id desc offset @Offset limit @Size",
            parameters, cancellationToken));
        return new Page<ServerAlert>(items.AsList(), total, page.Number, page.Size);
    }

    /// <summary>Deletes checks that are older; a part of them where there are many.</summary>
    public async Task<int> PurgeAsync(TimeSpan olderThan, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteAsync(Sql.Command(
            $"""
            delete from control.server_checks where id in (
              select id from control.server_checks where checked_at < @before order by checked_at limit {PurgedAtOnce} for update skip locked)
            """,
            new { before = time.GetUtcNow() - olderThan }, cancellationToken));
    }

    private static string Explain(string state, ServerCheckResult result, int failures, int successes) => state == ServerStates.Offline
        ? $"did not answer {PlainText.Count(failures, "time")} in a row: {result.Reason}"
        : result.Reason ?? $"answered {PlainText.Count(successes, "time")} in a row";

    // In maintenance nobody is told anything: whoever works on it knows.
    private async Task<IReadOnlyList<string>> AlertAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Server server, string state, ServerCheckResult result, string why, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        if (state == ServerStates.Maintenance)
        {
            return [];
        }

        var wanted = new[]
        {
            (Kind: ServerAlerts.Offline, IsOn: state == ServerStates.Offline),
            (Kind: ServerAlerts.Warning, IsOn: result.Health == ServerHealth.Warning && !result.IsOtherVersion),
            (Kind: ServerAlerts.Version, IsOn: result.IsOtherVersion),
        };
        var on = wanted.Where(w => w.IsOn).Select(w => w.Kind).ToArray();
        var raised = (await connection.QueryAsync<string>(Sql.Command(
            """
            insert into control.server_alerts (server_id, kind, reason, raised_at) select @Id, kind, @why, @now from unnest(@on) as kind
            on conflict (server_id, kind) where cleared_at is null do nothing returning kind
            """,
            new { server.Id, on, why, now }, transaction, cancellationToken))).AsList();
        var cleared = await connection.QueryAsync<string>(Sql.Command(
            "update control.server_alerts set cleared_at = @now where server_id = @Id and cleared_at is null and kind <> all(@on) returning kind",
            new { server.Id, on, now }, transaction, cancellationToken));
        foreach (var kind in raised)
        {
            Logs.ServerAlertRaised(logger, server.Code, kind, why);
        }

        foreach (var kind in cleared)
        {
            Logs.ServerAlertCleared(logger, server.Code, kind, why);
        }

        return raised;
    }

    private sealed record CheckRow
    {
        public DateTimeOffset CheckedAt { get; init; }
        public string Health { get; init; } = string.Empty;
        public string? Reason { get; init; }
        public string Measures { get; init; } = "{}";

        public ServerCheck ToCheck() => new()
        {
            CheckedAt = CheckedAt,
            Health = Health,
            Reason = Reason,
            Measures = JsonSerializer.Deserialize<ServerMeasures>(Measures, JsonSerializerOptions.Web)!,
        };
    }

    /// <summary>How many checks in a row failed or passed.</summary>
    private sealed record Counts
    {
        public int Failures { get; init; }
        public int Successes { get; init; }
    }
}
