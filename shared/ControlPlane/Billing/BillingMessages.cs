using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Billing;

/// <summary>A message with what became of it.</summary>
public sealed record BillingMessageEntry
{
    public string Id { get; init; } = string.Empty;
    public string Type { get; init; } = string.Empty;
    public string Tenant { get; init; } = string.Empty;
    public long Sequence { get; init; }
    public DateTimeOffset OccurredAt { get; init; }

    /// <summary>JSON text of an object.</summary>
    public string Data { get; init; } = "{}";
    public string State { get; init; } = string.Empty;
    public string? Cause { get; init; }
    public string? Reason { get; init; }
    public string? JobId { get; init; }
    public int Deliveries { get; init; }
    public DateTimeOffset ReceivedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>What somebody did about a message.</summary>
public sealed record BillingMessageChange
{
    /// <summary><c>edit</c>, <c>replay</c> or <c>delete</c>.</summary>
    public string Action { get; init; } = string.Empty;
    public string Who { get; init; } = string.Empty;
    public string Reason { get; init; } = string.Empty;
    public string TypeBefore { get; init; } = string.Empty;

    /// <summary>JSON text of an object.</summary>
    public string DataBefore { get; init; } = "{}";
    public DateTimeOffset ChangedAt { get; init; }
}

/// <summary>What an operator does about a message that is parked.</summary>
/// <param name="Action"><c>edit</c>, <c>replay</c> or <c>delete</c>.</param>
/// <param name="Who">Who.</param>
/// <param name="Reason">Why.</param>
public sealed record BillingMessageWish(string Action, string Who, string Reason)
{
    public const string Edit = "edit";
    public const string Replay = "replay";
    public const string Delete = "delete";

    /// <summary>The type that it is to have; as it is if null.</summary>
    public string? Type { get; init; }

    /// <summary>JSON text of the data that it is to have; as they are if null.</summary>
    public string? Data { get; init; }
}

/// <summary>How a wish about a message ended.</summary>
public abstract record BillingWishResult
{
    private BillingWishResult()
    {
    }

    /// <summary>It was done.</summary>
    public sealed record Done(BillingMessageEntry Message) : BillingWishResult;

    /// <summary>There is no such message.</summary>
    public sealed record NotFound : BillingWishResult;

    /// <summary>Its state does not allow it.</summary>
    public sealed record WrongState(string Message) : BillingWishResult;
}

/// <summary>Billing's messages as people see them, and what they do about those that cannot be applied.</summary>
public sealed class BillingMessageStore(NpgsqlDataSource database, TimeProvider time)
{
    private const string Columns = "id, type, tenant, sequence, occurred_at, data::text as data, state, cause, reason, job_id, deliveries, received_at, updated_at";

    /// <summary>Messages by page, the newest first; they are counted up to <see cref="PageRequest.MostCounted"/>.</summary>
    public async Task<Page<BillingMessageEntry>> ListAsync(string? state, string? tenant, PageRequest page, CancellationToken cancellationToken)
    {
        page = page.Checked();
        List<string> conditions = [.. new[] { state is null ? null : "state = @state", tenant is null ? null : "tenant = @tenant" }.OfType<string>()];
        var where = conditions.Count == 0 ? string.Empty : $"where {string.Join(" and ", conditions)}";
        var parameters = new { state, tenant, page.Offset, page.Size, PageRequest.MostCounted };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) from (select from control.billing_inbox {where} limit @MostCounted) c", parameters, cancellationToken));
        var items = await connection.QueryAsync<BillingMessageEntry>(Sql.Command(
            $"select {Columns} from control.billing_inbox {where} order by received_at desc, id desc offset @Offset limit @Size", parameters, cancellationToken));
        return new Page<BillingMessageEntry>(items.AsList(), total, page.Number, page.Size);
    }

    /// <summary>The message with billing's id, or null.</summary>
    public async Task<BillingMessageEntry?> FindAsync(string id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<BillingMessageEntry>(Sql.Command(
            $"select {Columns} from control.billing_inbox where id = @id", new { id }, cancellationToken));
    }

    /// <summary>What was done about it, newest first; the last hundred.</summary>
    public async Task<IReadOnlyList<BillingMessageChange>> ListChangesAsync(string id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<BillingMessageChange>(Sql.Command(
            """
            select action, who, reason, type_before, data_before::text as data_before, changed_at
            from control.billing_message_changes where message_id = @id order by billing_message_changes.id desc limit 100
            """,
            new { id }, cancellationToken))).AsList();
    }

    /// <summary>Corrects a message that cannot be applied, has it tried again, or gives it up; what it was stays on record.</summary>
    public async Task<BillingWishResult> DoAsync(string id, BillingMessageWish wish, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wish);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

        // The order of the locks is that of whoever applies it.
        await RequestLocks.TakeAsync(connection, transaction, RequestLocks.BillingId, [id], cancellationToken);
        var message = await connection.QuerySingleOrDefaultAsync<BillingMessageEntry>(Sql.Command(
            $"select {Columns} from control.billing_inbox where id = @id for update", new { id }, transaction, cancellationToken));
        if (message is null)
        {
            return new BillingWishResult.NotFound();
        }

        if (RefusalOf(message, wish) is { } refusal)
        {
            return new BillingWishResult.WrongState(refusal);
        }

        var done = await connection.QuerySingleAsync<BillingMessageEntry>(Sql.Command(
            $"""
            insert into control.billing_message_changes (message_id, action, who, reason, type_before, data_before, changed_at)
            select id, @Action, @Who, @Reason, type, data, @now from control.billing_inbox where id = @id;
            update control.billing_inbox set
              type = coalesce(@Type, type), data = coalesce(@Data::json, data), edited = edited or @Action = 'edit', updated_at = @now,
              state = case @Action when 'replay' then 'waiting' when 'delete' then 'deleted' else state end,
              cause = case @Action when 'replay' then 'replayed' when 'delete' then null else coalesce(cause, 'invalid') end,
              reason = case @Action when 'replay' then 'It is to be tried again.' when 'delete' then @Who || ' gave it up: ' || @Reason else reason end
            where id = @id returning {Columns}
            """,
            new { id, wish.Action, wish.Who, wish.Reason, wish.Type, wish.Data, now = time.GetUtcNow() }, transaction, cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return new BillingWishResult.Done(done);
    }

    // One that waits may be given up too: what it waits for may never come, and those behind it wait for it.
    private static string? RefusalOf(BillingMessageEntry message, BillingMessageWish wish) =>
        message.State is BillingStates.Parked or BillingStates.Refused || (message.State == BillingStates.Waiting && wish.Action != BillingMessageWish.Edit) ? null
        : $"Message '{message.Id}' is {message.State}: only messages that are parked or refused can be corrected, and only those or waiting ones tried again or given up.";
}
