using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.ControlPlane.Webhooks;

/// <summary>What became of a delivery.</summary>
public static class WebhookStates
{
    /// <summary>It was done, or will be.</summary>
    public const string Taken = "taken";

    /// <summary>It said what was known already.</summary>
    public const string Repeated = "repeated";

    public const string Refused = "refused";

    /// <summary>Every state there is.</summary>
    public static IReadOnlyList<string> All { get; } = [Taken, Repeated, Refused];
}

/// <summary>A delivery of a webhook.</summary>
public sealed record WebhookDelivery
{
    public long Id { get; init; }
    public DateTimeOffset ReceivedAt { get; init; }

    /// <summary>As the settings name it.</summary>
    public string Caller { get; init; } = string.Empty;

    /// <summary>The record's model; null if the delivery did not say it.</summary>
    public string? Model { get; init; }

    /// <summary>The record's id; null if the delivery did not say it.</summary>
    public long? RecordId { get; init; }

    /// <summary>What was asked for; null if that was not understood.</summary>
    public string? Event { get; init; }

    /// <summary>The code of the tenant that it is about; null if it did not say one.</summary>
    public string? Tenant { get; init; }

    /// <summary>One of <see cref="WebhookStates"/>.</summary>
    public string State { get; init; } = string.Empty;

    /// <summary>The HTTP status that it was answered with.</summary>
    public int Status { get; init; }

    /// <summary>The kind of problem; null if it was not refused.</summary>
    public string? Kind { get; init; }

    /// <summary>Why it was refused, or what is to be said about it.</summary>
    public string? Reason { get; init; }

    /// <summary>JSON text: messages by field; null if no field was at fault.</summary>
    public string? Errors { get; init; }

    /// <summary>What else is to be said, such as fields that were ignored.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The job that it started, or that does what it asks for.</summary>
    public string? JobId { get; init; }

    /// <summary>JSON text: what the record said, without what concerns persons; null if it was no record.</summary>
    public string? Body { get; init; }
}

/// <summary>Which deliveries are asked for; null does not narrow.</summary>
public sealed record WebhookFilter
{
    public string? Caller { get; init; }
    public string? State { get; init; }
    public string? Event { get; init; }
    public string? Tenant { get; init; }
}

/// <summary>Keeps what was delivered and why it was refused: the caller logs a status and nothing else.</summary>
public sealed class WebhookLog(NpgsqlDataSource database, IOptions<WebhookOptions> options, TimeProvider time)
{
    /// <summary>How many are kept of each caller and state.</summary>
    public const int MostOfCaller = 500;

    private const int Batch = 1000;

    /// <summary>Keeps one, and forgets those that are too many.</summary>
    public async Task RecordAsync(WebhookDelivery delivery, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);

        // Deliveries that come at once forget different ones, instead of waiting for each other.
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.webhook_log (received_at, caller, model, record_id, event, tenant, state, status, kind, reason, errors, notes, job_id, body)
            values (@Now, @Caller, @Model, @RecordId, @Event, @Tenant, @State, @Status, @Kind, @Reason, cast(@Errors as jsonb), @Notes, @JobId, cast(@Body as jsonb));
            delete from control.webhook_log where id in (
              select id from control.webhook_log where id in (
                select id from control.webhook_log where caller = @Caller and state = @State order by id desc offset @MostOfCaller)
              for update skip locked)
            """,
            new
            {
                Now = time.GetUtcNow(),
                delivery.Caller,
                delivery.Model,
                delivery.RecordId,
                delivery.Event,
                delivery.Tenant,
                delivery.State,
                delivery.Status,
                delivery.Kind,
                delivery.Reason,
                delivery.Errors,
                Notes = delivery.Notes.ToArray(),
                delivery.JobId,
                delivery.Body,
                MostOfCaller,
            },
            cancellationToken));
    }

    /// <summary>By page, newest first; they are counted up to <see cref="PageRequest.MostCounted"/>.</summary>
    public async Task<Page<WebhookDelivery>> ListAsync(WebhookFilter filter, PageRequest page, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        const string Where =
            """
            from control.webhook_log
            where (@Caller::text is null or caller = @Caller) and (@State::text is null or state = @State)
              and (@Event::text is null or event = @Event) and (@Tenant::text is null or tenant = @Tenant) and received_at >= @oldest
            """;
        page = page.Checked();
        var parameters = new { filter.Caller, filter.State, filter.Event, filter.Tenant, oldest = Oldest, page.Offset, page.Size, PageRequest.MostCounted };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) from (select {Where} limit @MostCounted) c", parameters, cancellationToken));
        var items = await connection.QueryAsync<WebhookDelivery>(Sql.Command(
            $"select * {Where} order by id desc offset @Offset limit @Size", parameters, cancellationToken));
        return new Page<WebhookDelivery>(items.AsList(), total, page.Number, page.Size);
    }

    /// <summary>Forgets what is older than it is kept for; answers how many rows that were.</summary>
    public async Task<int> PurgeAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await PurgeAsync(connection, "webhook_log where received_at < @oldest", cancellationToken)
            + await PurgeAsync(connection, "webhook_refusals where received_at < @oldest", cancellationToken)

            // A code that is used again belongs to another tenant, of which the record has said nothing.
            + await PurgeAsync(
                connection,
                "webhook_events where received_at < @oldest and exists (select from control.tenants t where t.id = tenant_id and t.state in ('failed', 'terminated'))",
                cancellationToken);
    }

    private DateTimeOffset Oldest => time.GetUtcNow() - options.Value.KeepFor;

    // In small steps, so that nobody waits for one that is large.
    private async Task<int> PurgeAsync(NpgsqlConnection connection, string what, CancellationToken cancellationToken)
    {
        var table = what[..what.IndexOf(' ', StringComparison.Ordinal)];
        for (var deleted = 0; ;)
        {
            var step = await connection.ExecuteAsync(Sql.Command(
                $"delete from control.{table} where ctid in (select ctid from control.{what} limit {Batch})", new { oldest = Oldest }, cancellationToken));
            deleted += step;
            if (step < Batch)
            {
                return deleted;
            }
        }
    }
}
