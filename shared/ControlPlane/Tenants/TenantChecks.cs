using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Tenants;

/// <summary>What is looked at of each tenant from time to time.</summary>
public static class TenantCheckNames
{
    /// <summary>What it uses is compared with what it may use.</summary>
    public const string Limits = "limits";

    /// <summary>Whether a backup is missing.</summary>
    public const string Backups = "backups";

    /// <summary>Its newest backup is tried out.</summary>
    public const string Trial = "trial";
}

/// <summary>
/// Says whose turn it is. Each tenant has a moment of its own within the period of a check, so that they are spread over it; what was missed while
/// no host ran is due once.
/// </summary>
public sealed class TenantChecks(NpgsqlDataSource database)
{
    private const int Batch = 500;

    // One machine at a time brings the list up to date; the others find it done.
    private const long SyncLock = 0x636865636b73;

    /// <summary>
    /// SQL: the first moment after <c>@moment</c> that is the tenant's own, for a period of <c>@seconds</c>. The multiplication spreads ids that follow
    /// each other over all of it.
    /// </summary>
    private const string OwnMoment =
        """
        to_timestamp(phase.at + @seconds * (floor((extract(epoch from @moment::timestamptz)::float8 - phase.at) / @seconds) + 1))
        """;

    private static string Phase(string id) => $"cross join lateral (select ({id} * 2654435761 % 4294967296) / 4294967296.0::float8 * @seconds as at) phase";

    /// <summary>Looks at all whose turn it is, by batches that no other machine has, each in a transaction of its own; answers the sum of what the looks answer.</summary>
    internal async Task<int> RunAsync(
        string name, DateTimeOffset moment, TimeSpan period, Func<NpgsqlConnection, NpgsqlTransaction, IReadOnlyList<long>, Task<int>> look, CancellationToken cancellationToken)
    {
        await SyncAsync(name, moment, period, cancellationToken);
        for (var sum = 0; ;)
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            var taken = await TakeAsync(connection, transaction, name, moment, period, Batch, cancellationToken);
            sum += taken.Count == 0 ? 0 : await look(connection, transaction, taken);
            await transaction.CommitAsync(cancellationToken);
            if (taken.Count < Batch)
            {
                return sum;
            }
        }
    }

    /// <summary>Deletes what a table of the control database says of tenants that have ended, and closes their notices of a kind.</summary>
    internal async Task ForgetEndedAsync(string table, string noticeKind, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            $"""
            with gone as (
              delete from control.{table} m using control.tenants t where t.id = m.tenant_id and not ({TenantStates.IsLive}) returning m.tenant_id)
            update control.notices n set closed_at = @now
            where n.closed_at is null and n.kind = @noticeKind and n.subject in (select concat('tenant:', tenant_id) from gone)
            """,
            new { noticeKind, now }, cancellationToken));
    }

    /// <summary>Enters living tenants that are new, forgets those that have ended, and follows a period that became shorter.</summary>
    public async Task SyncAsync(string name, DateTimeOffset moment, TimeSpan period, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (!await connection.ExecuteScalarAsync<bool>(Sql.Command("select pg_try_advisory_xact_lock(@SyncLock)", new { SyncLock }, transaction, cancellationToken)))
        {
            return;
        }

        await connection.ExecuteAsync(Sql.Command(
            $"""
            insert into control.tenant_checks (tenant_id, name, due_at)
            select t.id, @name, {OwnMoment} from control.tenants t {Phase("t.id")}
            where {TenantStates.IsLive} and not exists (select from control.tenant_checks c where c.tenant_id = t.id and c.name = @name)
            on conflict do nothing;
            update control.tenant_checks c set due_at = {OwnMoment}
            from (select tenant_id from control.tenant_checks where name = @name and due_at > @moment::timestamptz + make_interval(secs => @seconds + 60)) late {Phase("late.tenant_id")}
            where c.tenant_id = late.tenant_id and c.name = @name;
            delete from control.tenant_checks c using control.tenants t where t.id = c.tenant_id and c.name = @name and not ({TenantStates.IsLive});
            """,
            new { name, moment, seconds = period.TotalSeconds }, transaction, cancellationToken));
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Takes tenants whose turn it is in the caller's transaction: nobody else has them until it ends, and if it fails they are due as before.</summary>
    public static async Task<IReadOnlyList<long>> TakeAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string name, DateTimeOffset moment, TimeSpan period, int most, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return (await connection.QueryAsync<long>(Sql.Command(
            $"""
            update control.tenant_checks c set due_at = {OwnMoment}
            from (
              select tenant_id from control.tenant_checks where name = @name and due_at <= @moment
              order by due_at, tenant_id limit @most for update skip locked) due {Phase("due.tenant_id")}
            where c.tenant_id = due.tenant_id and c.name = @name
            returning c.tenant_id
            """,
            new { name, moment, seconds = period.TotalSeconds, most }, transaction, cancellationToken))).AsList();
    }

    /// <summary>Puts off the turn of one tenant that the caller has, in the caller's transaction, until its own next moment.</summary>
    internal static Task TakeOneAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string name, long tenantId, DateTimeOffset moment, TimeSpan period, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(Sql.Command(
            $"""
            update control.tenant_checks c set due_at = {OwnMoment}
            from (select @tenantId::bigint as tenant_id) due {Phase("due.tenant_id")}
            where c.tenant_id = due.tenant_id and c.name = @name
            """,
            new { name, tenantId, moment, seconds = period.TotalSeconds }, transaction, cancellationToken));

    /// <summary>It is the tenant's turn at this time, whatever its own moment; in the caller's transaction.</summary>
    internal static Task SetDueAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, string name, DateTimeOffset at, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(Sql.Command(
            "update control.tenant_checks set due_at = @at where tenant_id = @tenantId and name = @name", new { tenantId, name, at }, transaction, cancellationToken));
}
