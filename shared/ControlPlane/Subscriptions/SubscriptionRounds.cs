using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Subscriptions;

/// <summary>
/// What is done to many subscriptions at once, by batches of rows that no other machine has: each batch is one transaction, and what a round
/// did not reach the next one does.
/// </summary>
public sealed class SubscriptionRounds(NpgsqlDataSource database, SubscriptionStore store, TimeProvider time)
{
    /// <summary>Rows of one transaction.</summary>
    private const int Batch = 500;

    /// <summary>Finds those that are due; by the index <c>subscriptions_due</c>.</summary>
    internal const string DueSql = $"{SubscriptionStore.SelectLocked} where s.due_at <= @now order by s.due_at limit @Batch for update of s skip locked";

    private const string GoneSql =
        $"{SubscriptionStore.SelectLocked} where s.state <> 'cancelled' and t.state in ('failed', 'terminated') limit @Batch for update of s skip locked";

    /// <summary>Lets the clock change all that are due; answers how many it changed.</summary>
    public Task<int> AdvanceAsync(SubscriptionCause cause, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return ChangeAsync(
            DueSql,
            locked => [.. SubscriptionClock.Run(locked.Subscription, locked.Terms, now).Select(s => new SubscriptionChange(s.Before, s.After, s.Event, WhyOf(s)))],
            cause, now, cancellationToken);
    }

    /// <summary>Ends those whose tenant is gone, by whose wish ever, or could not be made; answers how many.</summary>
    public Task<int> EndGoneAsync(SubscriptionCause cause, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return ChangeAsync(
            GoneSql,
            locked => SubscriptionMachine.Apply(locked.Subscription, new SubscriptionEvent.TenantGone(now), locked.Terms) is SubscriptionOutcome.Done done
                ? [new SubscriptionChange(locked.Subscription, done.Next, SubscriptionEvents.TenantGone, $"The tenant is {locked.TenantState}.")]
                : [],
            cause, now, cancellationToken);
    }

    /// <summary>
    /// Opens subscriptions for living tenants that have none: a host of the version before may have made them. Staging copies are never billed.
    /// </summary>
    public async Task<int> OpenMissingAsync(SubscriptionCause cause, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var missing = (await connection.QueryAsync<Missing>(Sql.Command(
            $"""
            select t.id, t.created_at from control.tenants t
            where {Tenants.TenantStates.IsLive} and not exists (select from control.subscriptions s where s.tenant_id = t.id)
              and not exists (select from control.tenant_staging g where g.tenant_id = t.id)
            order by t.id limit {Batch}
            """,
            null, transaction, cancellationToken))).AsList();
        foreach (var tenant in missing)
        {
            await store.OpenAsync(connection, transaction, new NewSubscription { TenantId = tenant.Id, StartedAt = tenant.CreatedAt, Cause = cause }, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return missing.Count;
    }

    /// <summary>Those whose tenants are to be looked at, the longest due first.</summary>
    public async Task<IReadOnlyList<long>> FindToFollowAsync(int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<long>(Sql.Command(
            "select id from control.subscriptions where follow_at <= @now order by follow_at limit @limit",
            new { limit, now = time.GetUtcNow() }, cancellationToken))).AsList();
    }

    /// <summary>Puts a look off that broke, so that it is not in the way of the others.</summary>
    public async Task PutOffAsync(long id, TimeSpan delay, string reason, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "update control.subscriptions set follow_at = @at, follow_attempts = follow_attempts + 1, follow_reason = @reason where id = @id and follow_at is not null",
            new { id, at = time.GetUtcNow() + delay, reason }, cancellationToken));
    }

    private async Task<int> ChangeAsync(
        string sql, Func<LockedSubscription, IReadOnlyList<SubscriptionChange>> change, SubscriptionCause cause, DateTimeOffset now, CancellationToken cancellationToken)
    {
        for (var changed = 0; ;)
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            var found = await SubscriptionStore.QueryAsync(connection, transaction, sql, new { now, Batch }, cancellationToken);
            var changes = found.SelectMany(change).ToList();
            if (changes.Count > 0)
            {
                await store.SaveAsync(connection, transaction, changes, cause, cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
            changed += found.Count;
            if (found.Count < Batch || changes.Count == 0)
            {
                return changed;
            }
        }
    }

    private sealed record Missing
    {
        public long Id { get; init; }
        public DateTimeOffset CreatedAt { get; init; }
    }

    /// <summary>In words, for the record.</summary>
    public static string WhyOf(SubscriptionStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        var at = $"{step.At.UtcDateTime:yyyy-MM-dd HH:mm} UTC";
        return step.Event switch
        {
            SubscriptionClock.TrialEnded => $"The trial ended at {at}.",
            SubscriptionClock.Renewed => $"The period ended at {at} and the plan renews by itself.",
            SubscriptionClock.PeriodEnded => $"The paid period ended at {at}.",
            SubscriptionClock.GraceEnded => $"It was not paid until {at}, when its grace ended.",
            _ => $"It was cancelled for {at}.",
        };
    }
}
