using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.ControlPlane.Notices;

/// <summary>A notice as it is listed.</summary>
public sealed record NoticeRow
{
    public long Id { get; init; }
    public string Kind { get; init; } = string.Empty;
    public string Cause { get; init; } = string.Empty;
    public string? TenantCode { get; init; }
    public string? Customer { get; init; }

    /// <summary>JSON text of an object of texts.</summary>
    public string Data { get; init; } = "{}";
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ClosedAt { get; init; }
}

/// <summary>A notice on its way to one receiver.</summary>
public sealed record DeliveryRow
{
    public long Id { get; init; }
    public Guid Uid { get; init; }
    public long NoticeId { get; init; }
    public string Channel { get; init; } = string.Empty;
    public long? EndpointId { get; init; }
    public string? Url { get; init; }
    public string? Recipient { get; init; }
    public string? Language { get; init; }
    public string State { get; init; } = string.Empty;
    public int Attempts { get; init; }
    public DateTimeOffset NextAttemptAt { get; init; }
    public DateTimeOffset GiveUpAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public string? Reason { get; init; }
}

/// <summary>One attempt.</summary>
public sealed record AttemptRow
{
    public long DeliveryId { get; init; }
    public int Number { get; init; }
    public DateTimeOffset StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public string? Result { get; init; }
    public string? Words { get; init; }
}

/// <summary>Which notices are wanted; null means any.</summary>
public sealed record NoticeFilter
{
    public string? Kind { get; init; }
    public string? Tenant { get; init; }

    /// <summary>With a delivery in this state.</summary>
    public string? State { get; init; }
}

/// <summary>What came of the wish to send a notice again.</summary>
public enum ResendResult
{
    NotFound,

    /// <summary>Nobody is to be told of it.</summary>
    NobodyToTell,

    /// <summary>All that was sent or given up is on its way again.</summary>
    Begun,
}

/// <summary>Shows notices, and has them sent again.</summary>
public sealed class NoticeStore(NpgsqlDataSource database, IOptions<NoticeOptions> options, TimeProvider time)
{
    /// <summary>By page, newest first; they are counted up to <see cref="PageRequest.MostCounted"/>.</summary>
    public async Task<Page<NoticeRow>> ListAsync(NoticeFilter filter, PageRequest page, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        const string Where =
            """
            from control.notices n
            where (@Kind::text is null or n.kind = @Kind) and (@Tenant::text is null or n.tenant_code = @Tenant)
              and (@State::text is null or exists (select from control.notice_deliveries d where d.notice_id = n.id and d.state = @State))
            """;
        page = page.Checked();
        var parameters = new { filter.Kind, filter.Tenant, filter.State, page.Offset, page.Size, PageRequest.MostCounted };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) from (select {Where} limit @MostCounted) c", parameters, cancellationToken));
        var items = await connection.QueryAsync<NoticeRow>(Sql.Command(
            $"select n.* {Where} order by n.id desc offset @Offset limit @Size", parameters, cancellationToken));
        return new Page<NoticeRow>(items.AsList(), total, page.Number, page.Size);
    }

    /// <summary>The notice, or null.</summary>
    public async Task<NoticeRow?> FindAsync(long id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<NoticeRow>(Sql.Command("select * from control.notices where id = @id", new { id }, cancellationToken));
    }

    /// <summary>The deliveries of notices, the oldest first.</summary>
    public async Task<ILookup<long, DeliveryRow>> DeliveriesOfAsync(IReadOnlyCollection<long> noticeIds, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(noticeIds);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<DeliveryRow>(Sql.Command(
            """
            select d.*, e.url from control.notice_deliveries d left join control.webhook_endpoints e on e.id = d.endpoint_id
            where d.notice_id = any(@Ids) order by d.id
            """,
            new { Ids = noticeIds.ToArray() }, cancellationToken))).ToLookup(d => d.NoticeId);
    }

    /// <summary>Every attempt at the deliveries of a notice, the oldest first.</summary>
    public async Task<ILookup<long, AttemptRow>> AttemptsOfAsync(long noticeId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<AttemptRow>(Sql.Command(
            """
            select a.* from control.notice_attempts a join control.notice_deliveries d on d.id = a.delivery_id
            where d.notice_id = @noticeId order by a.delivery_id, a.number
            """,
            new { noticeId }, cancellationToken))).ToLookup(a => a.DeliveryId);
    }

    /// <summary>Deletes notices past <see cref="NoticeOptions.KeepFor"/>, the oldest first; not those whose cause lasts, nor those under way.</summary>
    /// <param name="most">How many at most; the next call goes on.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>How many were deleted.</returns>
    public async Task<int> PurgeAsync(int most, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteAsync(Sql.Command(
            """
            delete from control.notices where id in (
              select n.id from control.notices n
              where n.created_at < @before and (n.closed_at is not null or n.kind <> all(@standing))
                and not exists (select from control.notice_deliveries d where d.notice_id = n.id and d.state = 'waiting')
              order by n.id limit @most)
            """,
            new { before = time.GetUtcNow() - options.Value.KeepFor, standing = NoticeKinds.Standing.ToArray(), most }, cancellationToken));
    }

    /// <summary>
    /// Sends a notice again to whom it was sent or could not be sent; e-mail to the address that the customer has now, under a new id, for mail servers drop a
    /// message that they know. Webhooks keep theirs. What is waiting is due at once.
    /// </summary>
    public async Task<ResendResult> ResendAsync(long id, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var kind = await connection.ExecuteScalarAsync<string?>(Sql.Command(
            "select kind from control.notices where id = @id for update", new { id }, transaction, cancellationToken));
        if (kind is null)
        {
            return ResendResult.NotFound;
        }

        var receiver = await NoticeRaising.FindReceiverAsync(connection, transaction, options.Value, kind, id, cancellationToken);
        var parameters = new { id, now, giveUp = now + options.Value.GiveUpAfter, receiver?.Email, receiver?.Name, receiver?.Language };

        // One that is being sent right now keeps its lease: it is over soon.
        var begun = await connection.ExecuteAsync(Sql.Command(
            """
            update control.notice_deliveries d set
              state = 'waiting', ended_at = null, reason = null, give_up_at = @giveUp, attempts_before = attempts,
              uid = case when channel = 'email' then gen_random_uuid() else uid end,
              recipient = case when channel = 'email' then coalesce(@Email, recipient) end,
              recipient_name = case when channel = 'email' then coalesce(@Name, recipient_name) end,
              language = case when channel = 'email' then coalesce(@Language, language) end,
              next_attempt_at = @now
            where notice_id = @id and not exists (
              select from control.notice_attempts a where a.delivery_id = d.id and a.ended_at is null and a.number = d.attempts and d.next_attempt_at > @now)
            """,
            parameters, transaction, cancellationToken));
        if (receiver is not null)
        {
            begun += await connection.ExecuteAsync(Sql.Command(
                """
                insert into control.notice_deliveries (notice_id, channel, recipient, recipient_name, language, next_attempt_at, give_up_at)
                select @id, 'email', @Email, @Name, @Language, @now, @giveUp
                where not exists (select from control.notice_deliveries where notice_id = @id and channel = 'email')
                """,
                parameters, transaction, cancellationToken));
        }

        var any = begun > 0 || await connection.ExecuteScalarAsync<bool>(Sql.Command(
            "select exists (select from control.notice_deliveries where notice_id = @id)", new { id }, transaction, cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return any ? ResendResult.Begun : ResendResult.NobodyToTell;
    }
}
