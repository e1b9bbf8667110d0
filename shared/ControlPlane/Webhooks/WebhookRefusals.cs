using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Webhooks;

/// <summary>A delivery of a webhook that was refused.</summary>
public sealed record WebhookRefusal
{
    public long Id { get; init; }
    public DateTimeOffset ReceivedAt { get; init; }

    /// <summary>As the settings name it.</summary>
    public string Caller { get; init; } = string.Empty;

    /// <summary>The record's model; null if the delivery did not say it.</summary>
    public string? Model { get; init; }

    /// <summary>The record's id; null if the delivery did not say it.</summary>
    public long? RecordId { get; init; }

    /// <summary>The HTTP status that it was answered with.</summary>
    public int Status { get; init; }

    /// <summary>The kind of problem.</summary>
    public string Kind { get; init; } = string.Empty;

    /// <summary>Why, in words.</summary>
    public string Reason { get; init; } = string.Empty;

    /// <summary>JSON text: messages by field; null if no field was at fault.</summary>
    public string? Errors { get; init; }
}

/// <summary>Keeps why deliveries were refused: the caller logs a status and nothing else.</summary>
public sealed class WebhookRefusals(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>How many are kept of each caller.</summary>
    public const int MostOfCaller = 500;

    /// <summary>How long they are kept.</summary>
    public static TimeSpan KeptFor { get; } = TimeSpan.FromDays(30);

    /// <summary>Keeps one, and forgets those that are too many or too old.</summary>
    public async Task RecordAsync(WebhookRefusal refusal, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(refusal);
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.webhook_refusals (received_at, caller, model, record_id, status, kind, reason, errors)
            values (@now, @Caller, @Model, @RecordId, @Status, @Kind, @Reason, cast(@Errors as jsonb));
            delete from control.webhook_refusals
            where received_at < @oldest
               or id in (select id from control.webhook_refusals where caller = @Caller order by id desc offset @MostOfCaller);
            """,
            new
            {
                refusal.Caller,
                refusal.Model,
                refusal.RecordId,
                refusal.Status,
                refusal.Kind,
                refusal.Reason,
                refusal.Errors,
                now,
                oldest = now - KeptFor,
                MostOfCaller,
            },
            cancellationToken));
    }

    /// <summary>By page, newest first.</summary>
    /// <param name="caller">Only those of this caller; of every caller if null.</param>
    /// <param name="page">The page.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async Task<Page<WebhookRefusal>> ListAsync(string? caller, PageRequest page, CancellationToken cancellationToken)
    {
        const string Where = "from control.webhook_refusals where (@caller::text is null or caller = @caller) and received_at >= @oldest";
        page = page.Checked();
        var parameters = new { caller, oldest = time.GetUtcNow() - KeptFor, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) {Where}", parameters, cancellationToken));
        var items = await connection.QueryAsync<WebhookRefusal>(Sql.Command(
            $"select * {Where} order by id desc offset @Offset limit @Size", parameters, cancellationToken));
        return new Page<WebhookRefusal>(items.AsList(), total, page.Number, page.Size);
    }
}
