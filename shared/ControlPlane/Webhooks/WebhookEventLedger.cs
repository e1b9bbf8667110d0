using System.Diagnostics.CodeAnalysis;
using Bibind.ControlPlane.Tenants;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Webhooks;

/// <summary>A record of a console.</summary>
/// <param name="Caller">The console, as the settings name it.</param>
/// <param name="Model">The record's model.</param>
/// <param name="RecordId">The record's id.</param>
public sealed record WebhookRecordKey(string Caller, string Model, long RecordId);

/// <summary>What a record asks for, to be compared with what it asked for before.</summary>
/// <param name="Topic">One of the constants; each is remembered beside the others.</param>
/// <param name="Fingerprint">A hash of everything that matters.</param>
public sealed record WebhookEvent(string Topic, string Fingerprint)
{
    public const string State = "state";
    public const string Plan = "plan";
    public const string Backup = "backup";
}

/// <summary>A tenant that a record is about.</summary>
public sealed record WebhookTenant
{
    public long Id { get; init; }
    public string State { get; init; } = string.Empty;
    public string? Customer { get; init; }
}

/// <summary>The event that a record sent last about a topic.</summary>
public sealed record EarlierWebhookEvent
{
    public string Fingerprint { get; init; } = string.Empty;
    public long TenantId { get; init; }
    public string? JobId { get; init; }
    public string? Note { get; init; }
    public DateTimeOffset ReceivedAt { get; init; }

    /// <summary>True while the job is at work.</summary>
    public bool IsJobOpen { get; init; }
}

/// <summary>Recognises events that a record sends again: Odoo sends a record on every write, and twice where a transaction is run again.</summary>
public sealed class WebhookEventLedger(TimeProvider time)
{
    /// <summary>Keeps other deliveries of the same record waiting until the transaction ends, and finds what the last one asked for.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "One injected service answers for both halves of the exchange.")]
    public async Task<EarlierWebhookEvent?> BeginAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, WebhookRecordKey record, string? topic, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(record);
        await RequestLocks.TakeAsync(connection, transaction, RequestLocks.WebhookRecord, [record.Caller, record.Model, $"{record.RecordId}"], cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<EarlierWebhookEvent>(Sql.Command(
            """
            select e.fingerprint, e.tenant_id, e.job_id, e.note, e.received_at, j.id is not null and j.finished_at is null as is_job_open
            from control.webhook_events e left join control.jobs j on j.id = e.job_id
            where e.caller = @Caller and e.model = @Model and e.record_id = @RecordId and e.topic = @topic
            """,
            new { record.Caller, record.Model, record.RecordId, topic }, transaction, cancellationToken));
    }

    /// <summary>Remembers what the record asked for, in the transaction that does it.</summary>
    public async Task RecordAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, WebhookRecordKey record, WebhookEvent what, long tenantId, string? jobId, string? note,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(what);
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.webhook_events (caller, model, record_id, topic, fingerprint, tenant_id, job_id, note, received_at)
            values (@Caller, @Model, @RecordId, @Topic, @Fingerprint, @tenantId, @jobId, @note, @Now)
            on conflict (caller, model, record_id, topic) do update set
              fingerprint = excluded.fingerprint, tenant_id = excluded.tenant_id, job_id = excluded.job_id, note = excluded.note, received_at = excluded.received_at
            """,
            new { record.Caller, record.Model, record.RecordId, what.Topic, what.Fingerprint, tenantId, jobId, note, Now = time.GetUtcNow() },
            transaction, cancellationToken));
    }

    /// <summary>The live tenant with a code, else the newest that had it, else null.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "One injected service answers for both halves of the exchange.")]
    public Task<WebhookTenant?> FindTenantAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string code, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<WebhookTenant>(Sql.Command(
            $"select t.id, t.state, t.customer from control.tenants t {TenantStore.ByCode}", new { code }, transaction, cancellationToken));

    /// <summary>The job that gave, or gives, a tenant a host name; null if the tenant has not that name.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "One injected service answers for both halves of the exchange.")]
    public Task<string?> FindDomainJobAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, string name, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<string>(Sql.Command(
            "select job_id from control.domains where tenant_id = @tenantId and name = @name and state not in ('failed', 'removing')",
            new { tenantId, name }, transaction, cancellationToken));
}
