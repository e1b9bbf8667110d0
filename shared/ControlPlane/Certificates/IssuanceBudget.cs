using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Certificates;

/// <summary>How much may be ordered.</summary>
/// <param name="PerWeek">Certificates of a registered domain in any 7 days.</param>
/// <param name="FailuresPerHour">Failed orders of a host in any hour.</param>
public sealed record IssuanceLimits(int PerWeek, int FailuresPerHour);

/// <summary>What the budget said.</summary>
/// <param name="OrderId">To be ended with <see cref="IssuanceBudget.EndAsync"/>; null if there is no room.</param>
/// <param name="RoomAt">When there is room again.</param>
/// <param name="Reason">Why there is none, in words.</param>
public sealed record BudgetDecision(long? OrderId, DateTimeOffset? RoomAt = null, string? Reason = null);

/// <summary>Counts orders before they are placed, over all machines, so that no authority has to refuse one.</summary>
public sealed class IssuanceBudget(NpgsqlDataSource database, TimeProvider time)
{
    private const int LockFamily = 0x6962_0103;
    private static readonly TimeSpan Week = TimeSpan.FromDays(7);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    /// <summary>Takes a place for an order, if there is one.</summary>
    public async Task<BudgetDecision> TakeAsync(string host, IssuanceLimits limits, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(limits);
        var domain = RegisteredDomain.Of(host);
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

        // Two that count at once would both find the last place free.
        await connection.ExecuteAsync(Sql.Command(
            "select pg_advisory_xact_lock(@LockFamily, hashtext(@domain))", new { LockFamily, domain }, transaction, cancellationToken));
        var failures = (await connection.QueryAsync<(DateTimeOffset OrderedAt, string? Reason)>(Sql.Command(
            "select ordered_at, reason from control.certificate_orders where host = @host and outcome = 'failed' and ordered_at > @Since order by ordered_at",
            new { host, Since = now - Hour }, transaction, cancellationToken))).AsList();
        if (failures.Count >= limits.FailuresPerHour)
        {
            return new BudgetDecision(
                null, failures[^limits.FailuresPerHour].OrderedAt + Hour,
                $"{PlainText.Count(failures.Count, "order")} for {host} failed within an hour, the last because: {failures[^1].Reason}");
        }

        var orders = (await connection.QueryAsync<DateTimeOffset>(Sql.Command(
            "select ordered_at from control.certificate_orders where registered_domain = @domain and outcome <> 'failed' and ordered_at > @Since order by ordered_at",
            new { domain, Since = now - Week }, transaction, cancellationToken))).AsList();
        if (orders.Count >= limits.PerWeek)
        {
            return new BudgetDecision(
                null, orders[^limits.PerWeek] + Week, $"{PlainText.Count(orders.Count, "certificate")} of {domain} {(orders.Count == 1 ? "was" : "were")} ordered within 7 days, and {limits.PerWeek} may be");
        }

        var id = await connection.ExecuteScalarAsync<long>(Sql.Command(
            "insert into control.certificate_orders (registered_domain, host, ordered_at) values (@domain, @host, @now) returning id",
            new { domain, host, now }, transaction, cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return new BudgetDecision(id);
    }

    /// <summary>Says how an order ended.</summary>
    /// <param name="failure">Why it failed, in words; null if the certificate was issued.</param>
    public async Task EndAsync(long orderId, string? failure, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "update control.certificate_orders set outcome = @Outcome, reason = @failure where id = @orderId",
            new { orderId, Outcome = failure is null ? "issued" : "failed", failure }, cancellationToken));
    }
}
