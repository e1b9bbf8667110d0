using System.Diagnostics.CodeAnalysis;
using Bibind.ControlPlane.Tenants;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Webhooks;

/// <summary>The job that a caller's record started, and its tenant.</summary>
public sealed record StartedByWebhook
{
    public string JobId { get; init; } = string.Empty;
    public long TenantId { get; init; }
    public string TenantCode { get; init; } = string.Empty;
}

/// <summary>
/// Recognises a record that was delivered before: a caller that sends twice, or sends on every write, gets the job
/// of the first delivery for as long as the tenant lives.
/// </summary>
public sealed class WebhookDeliveries(TimeProvider time)
{
    /// <summary>Looks the record up and keeps equal deliveries waiting until the transaction ends; null if an order is due.</summary>
    /// <param name="connection">Where.</param>
    /// <param name="transaction">In which transaction.</param>
    /// <param name="caller">The console.</param>
    /// <param name="model">The record's model.</param>
    /// <param name="recordId">The record's id.</param>
    /// <param name="customer">Whose tenant it must be; null: anybody's.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    [SuppressMessage("Performance", "CA1822", Justification = "One injected service answers for both halves of the exchange.")]
    public async Task<StartedByWebhook?> BeginAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string caller, string model, long recordId, string? customer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await RequestLocks.TakeAsync(connection, transaction, RequestLocks.WebhookRecord, [caller, model, $"{recordId}"], cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<StartedByWebhook>(Sql.Command(
            $"""
            select d.job_id, d.tenant_id, t.code as tenant_code
            from control.webhook_deliveries d
            join control.tenants t on t.id = d.tenant_id
            where d.caller = @caller and d.model = @model and d.record_id = @recordId and {TenantStates.IsLive} and (@customer::text is null or t.customer = @customer)
            """,
            new { caller, model, recordId, customer }, transaction, cancellationToken));
    }

    /// <summary>Stores which job the record started, in the transaction that started it.</summary>
    public async Task RecordAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string caller, string model, long recordId, string jobId, long tenantId,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.webhook_deliveries (caller, model, record_id, job_id, tenant_id, received_at)
            values (@caller, @model, @recordId, @jobId, @tenantId, @Now)
            on conflict (caller, model, record_id) do update set
              job_id = excluded.job_id, tenant_id = excluded.tenant_id, received_at = excluded.received_at
            """,
            new { caller, model, recordId, jobId, tenantId, Now = time.GetUtcNow() }, transaction, cancellationToken));
    }
}
