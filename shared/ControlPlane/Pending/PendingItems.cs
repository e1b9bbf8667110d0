using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Pending;

/// <summary>What living tenants still lack, in the control database.</summary>
public sealed class PendingItems(NpgsqlDataSource database, JobOrchestrations orchestrations, TimeProvider time)
{
    private const string Select =
        "select p.*, t.code as tenant_code from control.pending_items p join control.tenants t on t.id = p.tenant_id";

    /// <summary>Removes a tenant's items within the caller's transaction, because it ends or they are done.</summary>
    internal const string RemoveSql = "delete from control.pending_items where tenant_id = @tenantId and (@kind::text is null or kind = @kind)";

    /// <summary>A tenant's items, the oldest first.</summary>
    public async Task<IReadOnlyList<PendingItem>> OfAsync(long tenantId, CancellationToken cancellationToken) =>
        (await OfAsync([tenantId], cancellationToken))[tenantId].ToList();

    /// <summary>The items of several tenants.</summary>
    public async Task<ILookup<long, PendingItem>> OfAsync(IReadOnlyCollection<long> tenantIds, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(tenantIds);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<PendingItem>(Sql.Command(
            $"{Select} where p.tenant_id = any(@Ids) order by p.since, p.kind", new { Ids = tenantIds.ToArray() }, cancellationToken)))
            .ToLookup(p => p.TenantId);
    }

    /// <summary>Items by page, the oldest first; of one customer's tenants if one is given.</summary>
    public async Task<Page<PendingItem>> ListAsync(string? kind, string? customer, PageRequest page, CancellationToken cancellationToken)
    {
        const string Where = "where (@kind::text is null or p.kind = @kind) and (@customer::text is null or t.customer = @customer)";
        page = page.Checked();
        var parameters = new { kind, customer, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command(
            $"select count(*) from control.pending_items p join control.tenants t on t.id = p.tenant_id {Where}", parameters, cancellationToken));
        var items = await connection.QueryAsync<PendingItem>(Sql.Command(
            $"{Select} {Where} order by p.since, p.tenant_id, p.kind offset @Offset limit @Size",
            parameters, cancellationToken));
        return new Page<PendingItem>(items.AsList(), total, page.Number, page.Size);
    }

    /// <summary>
    /// Items that are due and that nothing is at work on, of tenants that no job is changing: of active ones, and of suspended ones
    /// what does not need the application.
    /// </summary>
    public async Task<IReadOnlyList<PendingItem>> FindDueAsync(int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var now = time.GetUtcNow();
        var open = await connection.QueryAsync<string>(Sql.Command(
            """
            select j.id from control.jobs j join control.pending_items p on p.tenant_id = j.tenant_id and p.kind = j.kind
            where j.kind = 'first-backup' and j.finished_at is null and p.next_attempt <= @now
            """,
            new { now }, cancellationToken));
        var ended = await orchestrations.FindEndedAsync(open.AsList(), cancellationToken);
        return (await connection.QueryAsync<PendingItem>(Sql.Command(
            $"""
            {Select}
            where p.next_attempt <= @now
              and (t.state = 'active' or (t.state = 'suspended' and p.kind = 'first-backup'))
              and not exists (select from control.jobs j where j.tenant_id = t.id and j.finished_at is null and j.changing)
              and not (p.kind = 'first-backup' and exists (
                select from control.jobs j
                where j.tenant_id = t.id and j.kind = 'first-backup' and j.finished_at is null and j.id <> all(@ended)))
            order by p.next_attempt, p.tenant_id
            limit @limit
            """,
            new { limit, ended, now }, cancellationToken))).AsList();
    }

    /// <summary>Takes an item off the list: it is done.</summary>
    public async Task RemoveAsync(long tenantId, string kind, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(RemoveSql, new { tenantId, kind }, cancellationToken));
    }

    /// <summary>Notes an attempt that failed; answers the item as it is then, or null if it is not pending any more.</summary>
    public async Task<PendingItem?> NoteFailureAsync(long tenantId, string kind, string reason, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var noted = await NoteFailureAsync(connection, transaction, tenantId, kind, reason, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return noted;
    }

    /// <inheritdoc cref="NoteFailureAsync(long, string, string, CancellationToken)"/>
    public async Task<PendingItem?> NoteFailureAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, string kind, string reason, CancellationToken cancellationToken)
    {
        var item = await connection.QuerySingleOrDefaultAsync<PendingItem>(Sql.Command(
            $"{Select} where p.tenant_id = @tenantId and p.kind = @kind for update of p", new { tenantId, kind }, transaction, cancellationToken));
        if (item is null)
        {
            return null;
        }

        var now = time.GetUtcNow();
        item = item with
        {
            Reason = reason,
            Attempts = item.Attempts + 1,
            LastAttempt = now,
            NextAttempt = now + PendingWaits.After(kind, item.Attempts + 1),
        };
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.pending_items set reason = @Reason, attempts = @Attempts, last_attempt = @LastAttempt, next_attempt = @NextAttempt
            where tenant_id = @TenantId and kind = @Kind
            """,
            new { item.TenantId, item.Kind, item.Reason, item.Attempts, item.LastAttempt, item.NextAttempt }, transaction, cancellationToken));
        return item;
    }

    /// <summary>Puts something off in the caller's transaction; what is pending already stays as it is.</summary>
    internal static async Task AddAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, PutOff putOff, DateTimeOffset now, TimeSpan wait,
        CancellationToken cancellationToken) =>
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.pending_items (tenant_id, kind, since, reason, next_attempt)
            values (@tenantId, @Kind, @now, @Reason, @Next)
            on conflict (tenant_id, kind) do nothing
            """,
            new { tenantId, putOff.Kind, putOff.Reason, now, Next = now + wait }, transaction, cancellationToken));
}
