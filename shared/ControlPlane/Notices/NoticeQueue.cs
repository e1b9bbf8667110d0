using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.ControlPlane.Notices;

/// <summary>A delivery that this host has taken for one attempt.</summary>
public sealed record TakenDelivery
{
    public long Id { get; init; }

    /// <summary>What the receiver knows it by.</summary>
    public Guid Uid { get; init; }
    public long NoticeId { get; init; }

    /// <summary>One of <see cref="NoticeChannels"/>.</summary>
    public string Channel { get; init; } = string.Empty;
    public string Kind { get; init; } = string.Empty;
    public string? TenantCode { get; init; }
    public string? Customer { get; init; }

    /// <summary>JSON text of an object of texts.</summary>
    public string Data { get; init; } = "{}";
    public DateTimeOffset RaisedAt { get; init; }
    public string? Recipient { get; init; }
    public string? RecipientName { get; init; }
    public string? Language { get; init; }
    public long? EndpointId { get; init; }
    public string? Url { get; init; }
    public int SecretVersion { get; init; }
    public DateTimeOffset? PreviousSecretUntil { get; init; }

    /// <summary>False if the endpoint was disabled or deleted since.</summary>
    public bool IsOpen { get; init; }

    /// <summary>This attempt's number.</summary>
    public int Attempts { get; init; }

    /// <summary>Attempts before somebody had it sent again.</summary>
    public int AttemptsBefore { get; init; }
    public DateTimeOffset GiveUpAt { get; init; }
}

/// <summary>How an attempt went.</summary>
/// <param name="Result">One of <see cref="AttemptResults"/>.</param>
/// <param name="Words">For operators; never a secret.</param>
public sealed record AttemptEnd(string Result, string Words)
{
    /// <summary>When the receiver wants to be tried again at the earliest.</summary>
    public TimeSpan? NotBefore { get; init; }

    /// <summary>True if nothing could be reached at all, so that it need not be tried for others now.</summary>
    public bool IsAway { get; init; }

    /// <summary>True if the receiver wants nothing any more.</summary>
    public bool Unsubscribes { get; init; }
}

/// <summary>
/// What is to be sent, for all hosts: each delivery is taken by one, for as long as its lease. A host that dies with one loses nothing;
/// the next attempt carries the same id, by which a receiver that had the first one knows it.
/// </summary>
public sealed class NoticeQueue(NpgsqlDataSource database, IOptions<NoticeOptions> options, TimeProvider time)
{
    private const int LongestWords = 1000;

    // Those of Standard Webhooks, and days to the end.
    private static readonly TimeSpan[] Waits =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(2), TimeSpan.FromHours(5), TimeSpan.FromHours(10),
        TimeSpan.FromHours(14), TimeSpan.FromHours(20), TimeSpan.FromHours(20),
    ];

    /// <summary>Beyond what an attempt may take: for the control database, and a machine that is busy.</summary>
    private static readonly TimeSpan Recording = TimeSpan.FromSeconds(40);

    /// <summary>How long a delivery is one host's.</summary>
    public TimeSpan Lease => options.Value.Limit + Recording;

    /// <summary>Takes the delivery that has been due for longest, and records that an attempt begins; null if none is due.</summary>
    /// <param name="withoutMail">True leaves e-mail where it is.</param>
    /// <param name="withoutEndpoints">Endpoints whose deliveries are left where they are.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    public async Task<TakenDelivery?> TakeAsync(bool withoutMail, IReadOnlyCollection<long> withoutEndpoints, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(withoutEndpoints);
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<TakenDelivery>(Sql.Command(
            """
            with taken as (
              update control.notice_deliveries set attempts = attempts + 1, next_attempt_at = @until
              where id = (
                select id from control.notice_deliveries
                where state = 'waiting' and next_attempt_at <= @now
                  and not (channel = 'email' and @withoutMail) and not (endpoint_id is not null and endpoint_id = any(@without))
                order by next_attempt_at, id limit 1 for update skip locked)
              returning *),
            noted as (
              insert into control.notice_attempts (delivery_id, number, started_at) select id, attempts, @now from taken)
            select d.id, d.uid, d.notice_id, d.channel, n.kind, n.tenant_code, n.customer, n.data::text as data, n.created_at as raised_at,
                   d.recipient, d.recipient_name, d.language, d.endpoint_id, e.url, coalesce(e.secret_version, 0) as secret_version, e.previous_secret_until,
                   e.id is null or (e.enabled and e.deleted_at is null) as is_open, d.attempts, d.attempts_before, d.give_up_at
            from taken d join control.notices n on n.id = d.notice_id left join control.webhook_endpoints e on e.id = d.endpoint_id
            """,
            new { now, until = now + Lease, withoutMail, without = withoutEndpoints.ToArray() }, cancellationToken));
    }

    /// <summary>Records how an attempt went and what becomes of the delivery. What was sent counts however late that is known.</summary>
    public async Task EndAsync(TakenDelivery taken, AttemptEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(taken);
        ArgumentNullException.ThrowIfNull(end);
        var now = time.GetUtcNow();
        var next = now + WaitAfter(taken, end);
        var words = end.Words.Length <= LongestWords ? end.Words : end.Words[..LongestWords] + "…";
        var isOver = end.Result == AttemptResults.Refused || next > taken.GiveUpAt;
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "update control.notice_attempts set ended_at = @now, result = @Result, words = @words where delivery_id = @Id and number = @Attempts and ended_at is null",
            new { taken.Id, taken.Attempts, end.Result, words, now }, transaction, cancellationToken));
        if (end.Result == AttemptResults.Sent)
        {
            await connection.ExecuteAsync(Sql.Command(
                "update control.notice_deliveries set state = 'sent', ended_at = @now, reason = null where id = @Id and state <> 'sent' and uid = @Uid",
                new { taken.Id, taken.Uid, now }, transaction, cancellationToken));
        }
        else
        {
            // Of an attempt whose lease another one has taken over, nothing but its own row is written.
            await connection.ExecuteAsync(Sql.Command(
                """
                update control.notice_deliveries
                set state = case when @isOver then 'dead' else state end, ended_at = case when @isOver then @now end, next_attempt_at = @next, reason = @words
                where id = @Id and state = 'waiting' and attempts = @Attempts
                """,
                new { taken.Id, taken.Attempts, isOver, next, words, now }, transaction, cancellationToken));
        }

        if (end.Unsubscribes)
        {
            await connection.ExecuteAsync(Sql.Command(
                "update control.webhook_endpoints set enabled = false, disabled_reason = @words, version = version + 1 where id = @EndpointId and enabled",
                new { taken.EndpointId, words }, transaction, cancellationToken));
        }

        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Deliveries that are due now.</summary>
    public async Task<long> CountDueAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long>(Sql.Command(
            "select count(*) from control.notice_deliveries where state = 'waiting' and next_attempt_at <= @Now", new { Now = time.GetUtcNow() }, cancellationToken));
    }

    // A tenth is left to chance, so that what failed together does not come back together.
    private static TimeSpan WaitAfter(TakenDelivery taken, AttemptEnd end)
    {
        var wait = Waits[Math.Clamp(taken.Attempts - taken.AttemptsBefore - 1, 0, Waits.Length - 1)];
        wait += wait * (Random.Shared.NextDouble() / 10);
        return end.NotBefore is { } asked && asked > wait ? asked : wait;
    }
}
