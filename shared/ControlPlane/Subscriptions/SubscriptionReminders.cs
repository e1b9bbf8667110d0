using Bibind.ControlPlane.Notices;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Subscriptions;

/// <summary>
/// Reminds customers of the end of a trial, and of the end of the grace of an unpaid period: 7 days, 3 days and 1 day before. Each is told once; what was
/// missed while no host ran is told with the days that are left.
/// </summary>
public sealed class SubscriptionReminders(NpgsqlDataSource database, INotices notices, TimeProvider time)
{
    private const int Batch = 500;

    // By the index subscriptions_due. The cause is written as Notice writes it.
    private const string DueSql =
        """
        select d.tenant_id, d.state, d.due_at, d.days from (
          select s.tenant_id, s.state, s.due_at,
                 case when s.due_at > @now + interval '3 days' then 7 when s.due_at > @now + interval '1 day' then 3 else 1 end as days
          from control.subscriptions s
          where s.due_at > @now and s.due_at <= @now + interval '7 days' and s.state in ('trial', 'past_due')) d
        where not exists (
          select from control.notices n
          where n.subject = concat('tenant:', d.tenant_id) and n.kind = case d.state when 'trial' then @trial else @expiring end
            and n.cause = concat(to_char(d.due_at at time zone 'UTC', 'YYYY-MM-DD'), ' ', d.days) and n.closed_at is null)
        order by d.due_at limit @Batch
        """;

    /// <summary>Raises what is due and was not told yet; answers how many.</summary>
    public async Task<int> RemindAsync(CancellationToken cancellationToken)
    {
        for (var told = 0; ;)
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            var due = (await connection.QueryAsync<Due>(Sql.Command(
                DueSql, new { now = time.GetUtcNow(), trial = NoticeKinds.TrialEnding, expiring = NoticeKinds.SubscriptionExpiring, Batch }, transaction, cancellationToken))).AsList();
            foreach (var one in due)
            {
                var notice = one.State == SubscriptionStates.Trial
                    ? Notice.TrialEnding(one.TenantId, one.DueAt, one.Days)
                    : Notice.SubscriptionExpiring(one.TenantId, one.DueAt, one.Days);
                await notices.RaiseAsync(connection, transaction, notice, cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
            told += due.Count;
            if (due.Count < Batch)
            {
                return told;
            }
        }
    }

    private sealed record Due
    {
        public long TenantId { get; init; }
        public string State { get; init; } = string.Empty;
        public DateTimeOffset DueAt { get; init; }
        public int Days { get; init; }
    }
}
