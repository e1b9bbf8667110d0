using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Usage;

/// <summary>When tenants are measured, by whom, and what becomes of the results.</summary>
public sealed class UsageRounds(NpgsqlDataSource database, TimeProvider time)
{
    private const int MovedAtOnce = 20_000;

    // One machine at a time brings the list of tenants up to date; the others find it done.
    private const long SyncLock = 0x7573616765;

    /// <summary>Brings the list of those that are measured up to date: new tenants, those that moved, those that ended.</summary>
    public async Task SyncAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (!await connection.ExecuteScalarAsync<bool>(Sql.Command("select pg_try_advisory_xact_lock(@SyncLock)", new { SyncLock }, transaction, cancellationToken)))
        {
            return;
        }

        await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.tenant_usage (tenant_id, server_id, due_at)
            select t.id, t.server_id, '-infinity' from control.tenants t
            where t.state = 'active' and not exists (select from control.tenant_usage u where u.tenant_id = t.id)
            on conflict do nothing;
            update control.tenant_usage u set server_id = t.server_id from control.tenants t where t.id = u.tenant_id and t.server_id <> u.server_id;
            delete from control.tenant_usage u using control.tenants t where t.id = u.tenant_id and t.state in ('failed', 'terminated');
            """,
            null, transaction, cancellationToken));
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Claims the servers with tenants that are due, each for one of all machines.</summary>
    public async Task<IReadOnlyList<ClaimedServer>> ClaimAsync(DateTimeOffset moment, TimeSpan lease, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<ClaimedServer>(Sql.Command(
            """
            insert into control.usage_servers as w (server_id, claim, claimed_until)
            select s.id, gen_random_uuid(), @until from control.servers s
            where exists (
              select from control.tenant_usage u join control.tenants t on t.id = u.tenant_id
              where u.server_id = s.id and u.due_at <= @moment and t.state = 'active')
            order by s.id
            on conflict (server_id) do update set claim = excluded.claim, claimed_until = excluded.claimed_until where w.claimed_until <= @now
            returning w.server_id, w.claim
            """,
            new { moment, now, until = now + lease }, cancellationToken))).AsList();
    }

    /// <summary>Renews the claim and answers the tenants of the server that are due, the longest waiting first; null if the claim was taken over.</summary>
    public async Task<IReadOnlyList<long>?> NextAsync(ClaimedServer claimed, DateTimeOffset moment, TimeSpan lease, int most, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claimed);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        if (await connection.ExecuteAsync(Sql.Command(
            "update control.usage_servers set claimed_until = @until where server_id = @ServerId and claim = @Claim",
            new { claimed.ServerId, claimed.Claim, until = time.GetUtcNow() + lease }, cancellationToken)) == 0)
        {
            return null;
        }

        return (await connection.QueryAsync<long>(Sql.Command(
            """
            select u.tenant_id from control.tenant_usage u join control.tenants t on t.id = u.tenant_id
            where u.server_id = @ServerId and u.due_at <= @moment and t.state = 'active' order by u.due_at, u.tenant_id limit @most
            """,
            new { claimed.ServerId, moment, most }, cancellationToken))).AsList();
    }

    /// <summary>Gives a server back, for the next round.</summary>
    public async Task ReleaseAsync(ClaimedServer claimed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claimed);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "delete from control.usage_servers where server_id = @ServerId and claim = @Claim", new { claimed.ServerId, claimed.Claim }, cancellationToken));
    }

    /// <summary>Records what was measured of a tenant, in one transaction; false if the claim was taken over, and nothing was recorded.</summary>
    /// <param name="claimed">Under which claim it was measured.</param>
    /// <param name="tenantId">Whose it is.</param>
    /// <param name="measures">What was measured.</param>
    /// <param name="moment">The moment that it was due at.</param>
    /// <param name="nextDue">When it is due again.</param>
    /// <param name="cancellationToken">Cancels the recording.</param>
    public async Task<bool> RecordAsync(
        ClaimedServer claimed, long tenantId, UsageMeasures measures, DateTimeOffset moment, DateTimeOffset nextDue, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claimed);
        ArgumentNullException.ThrowIfNull(measures);
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

        // Held until the end: nobody takes the claim over in between.
        var isOurs = await connection.ExecuteScalarAsync<bool>(Sql.Command(
            "select true from control.usage_servers where server_id = @ServerId and claim = @Claim for share", new { claimed.ServerId, claimed.Claim }, transaction, cancellationToken));
        if (!isOurs)
        {
            return false;
        }

        // The history has what was measured now; the row keeps what was not.
        await connection.ExecuteAsync(Sql.Command(
            """
            with kept as (
              update control.tenant_usage
              set due_at = @nextDue, measured_at = case when @isEmpty then measured_at else @now end,
                  users = coalesce(@Users, users), database_bytes = coalesce(@DatabaseBytes, database_bytes),
                  file_store_bytes = coalesce(@FileStoreBytes, file_store_bytes), bucket_bytes = coalesce(@BucketBytes, bucket_bytes),
                  failed_at = case when @Reason::text is null then null else @now end, reason = @Reason
              where tenant_id = @tenantId and due_at <= @moment
              returning tenant_id, users, database_bytes, storage_bytes),
            shown as (
              update control.tenants t set users = k.users, database_bytes = k.database_bytes, storage_bytes = k.storage_bytes
              from kept k
              where t.id = k.tenant_id
                and (t.users, t.database_bytes, t.storage_bytes) is distinct from (k.users, k.database_bytes, k.storage_bytes))
            insert into control.usage_hours as h (tenant_id, at, users, database_bytes, file_store_bytes, bucket_bytes)
            select tenant_id, @hour, @Users, @DatabaseBytes, @FileStoreBytes, @BucketBytes from kept where not @isEmpty
            on conflict (tenant_id, at) do update
            set users = coalesce(excluded.users, h.users), database_bytes = coalesce(excluded.database_bytes, h.database_bytes),
                file_store_bytes = coalesce(excluded.file_store_bytes, h.file_store_bytes), bucket_bytes = coalesce(excluded.bucket_bytes, h.bucket_bytes)
            """,
            new
            {
                tenantId,
                moment,
                nextDue,
                now,
                isEmpty = measures.IsEmpty,
                hour = new DateTimeOffset(now.UtcDateTime.Date.AddHours(now.UtcDateTime.Hour), TimeSpan.Zero),
                measures.Users,
                measures.DatabaseBytes,
                measures.FileStoreBytes,
                measures.BucketBytes,
                measures.Reason,
            },
            transaction, cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>Records for all tenants of a server that are due that it could not be asked; answers how many.</summary>
    public async Task<int> RecordUnreachableAsync(
        ClaimedServer claimed, string reason, DateTimeOffset moment, DateTimeOffset nextDue, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claimed);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteAsync(Sql.Command(
            """
            update control.tenant_usage u set due_at = @nextDue, failed_at = @now, reason = @reason
            from control.usage_servers w
            where w.server_id = @ServerId and w.claim = @Claim and u.server_id = w.server_id and u.due_at <= @moment
            """,
            new { claimed.ServerId, claimed.Claim, reason, moment, nextDue, now = time.GetUtcNow() }, cancellationToken));
    }

    /// <summary>Makes days of the hours that are older, and deletes days that are older still; a part of them where there are many.</summary>
    /// <param name="hours">How long hours are kept.</param>
    /// <param name="days">How long days are kept.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public async Task CompactAsync(TimeSpan hours, TimeSpan days, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcDateTime;
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            $"""
            with gone as (
              delete from control.usage_hours where (tenant_id, at) in (
                select tenant_id, at from control.usage_hours where at < @wholeDays order by at limit {MovedAtOnce} for update skip locked)
              returning *)
            insert into control.usage_days as d (tenant_id, at, users, database_bytes, file_store_bytes, bucket_bytes)
            select tenant_id, date_trunc('day', at, 'UTC'), max(users), max(database_bytes), max(file_store_bytes), max(bucket_bytes)
            from gone group by tenant_id, date_trunc('day', at, 'UTC')
            on conflict (tenant_id, at) do update
            set users = greatest(d.users, excluded.users), database_bytes = greatest(d.database_bytes, excluded.database_bytes),
                file_store_bytes = greatest(d.file_store_bytes, excluded.file_store_bytes), bucket_bytes = greatest(d.bucket_bytes, excluded.bucket_bytes)
            """,
            new { wholeDays = new DateTimeOffset((now - hours).Date, TimeSpan.Zero) }, cancellationToken));
        await connection.ExecuteAsync(Sql.Command(
            $"""
            delete from control.usage_days where (tenant_id, at) in (
              select tenant_id, at from control.usage_days where at < @before order by at limit {MovedAtOnce} for update skip locked)
            """,
            new { before = new DateTimeOffset(now - days, TimeSpan.Zero) }, cancellationToken));
    }
}
