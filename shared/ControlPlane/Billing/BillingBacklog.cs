using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Billing;

/// <summary>A tenant whose messages wait.</summary>
/// <param name="Tenant">Its code.</param>
/// <param name="Messages">How many.</param>
/// <param name="Since">When the first of them came.</param>
/// <param name="Reason">What the one waits for whose turn is next.</param>
public sealed record WaitingBilling(string Tenant, long Messages, DateTimeOffset Since, string Reason);

/// <summary>Billing's messages that wait, as <see cref="BillingInbox"/> has recorded them.</summary>
public sealed class BillingBacklog(NpgsqlDataSource database)
{
    /// <summary>The tenants that have some, the longest waiting first.</summary>
    public async Task<IReadOnlyList<WaitingBilling>> ListAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return [.. (await connection.QueryAsync<Row>(Sql.Command(
            $"""
            select tenant, count(*) as messages, min(received_at) as since, (array_agg(reason order by sequence, id))[1] as reason
            from control.billing_inbox where {BillingStates.IsWaiting} group by tenant order by since, tenant
            """,
            null, cancellationToken))).Select(r => new WaitingBilling(r.Tenant, r.Messages, r.Since, r.Reason ?? "nothing that was recorded"))];
    }

    /// <summary>The one of a tenant whose turn is next; null if none waits.</summary>
    public async Task<BillingMessage?> FindFirstAsync(string tenant, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QueryFirstOrDefaultAsync<Row>(Sql.Command(
            $"""
            select id, type, tenant, sequence, occurred_at, data::text as data
            from control.billing_inbox where {BillingStates.IsWaiting} and tenant = @tenant order by sequence, id limit 1
            """,
            new { tenant }, cancellationToken)) is { } row
            ? new BillingMessage(row.Id, row.Type, row.Tenant, row.Sequence, row.OccurredAt, row.Data)
            : null;
    }

    private sealed record Row
    {
        public string Id { get; init; } = string.Empty;
        public string Type { get; init; } = string.Empty;
        public string Tenant { get; init; } = string.Empty;
        public long Sequence { get; init; }
        public DateTimeOffset OccurredAt { get; init; }
        public string Data { get; init; } = string.Empty;
        public long Messages { get; init; }
        public DateTimeOffset Since { get; init; }
        public string? Reason { get; init; }
    }
}
