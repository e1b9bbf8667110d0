using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.ControlPlane.Notices;

/// <summary>Tells people, in the transaction of what happened: nothing is told that did not happen, and nothing that did is lost.</summary>
public interface INotices
{
    /// <summary>Raises a notice; does nothing while one of the same kind and cause is open for the same tenant or customer.</summary>
    /// <returns>Its id; null if it had been raised before.</returns>
    Task<long?> RaiseAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Notice notice, CancellationToken cancellationToken);

    /// <summary>Says that a cause is over: the next one is told again. What is under way to its receivers still arrives.</summary>
    Task CloseAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Notice notice, CancellationToken cancellationToken);
}

/// <summary>Notices in the control database, with a delivery for each receiver.</summary>
public sealed class NoticeRaising(IOptions<NoticeOptions> options, TimeProvider time) : INotices
{
    private const int LongestValue = 2000;

    private const string InsertSql =
        """
        insert into control.notices (kind, subject, cause, tenant_id, tenant_code, customer, data, created_at)
        select @Kind, @Subject, @Cause, t.id, t.code, coalesce(@Customer, t.customer), @Data || case when t.id is null then '{}'::jsonb else jsonb_build_object('url', t.base_url, 'name', t.name, 'offer', t.offer) end, @now
        from (select) one left join control.tenants t on t.id = @TenantId
        on conflict (kind, subject, cause) where closed_at is null do nothing
        returning id
        """;

    private const string ToEndpointsSql =
        """
        insert into control.notice_deliveries (notice_id, channel, endpoint_id, next_attempt_at, give_up_at)
        select @id, 'webhook', e.id, @now, @giveUp from control.webhook_endpoints e
        where e.deleted_at is null and e.enabled and (cardinality(e.kinds) = 0 or @Kind = any(e.kinds))
        """;

    // The customer's own address, where the customer is described; else the one that the tenant was ordered with.
    internal const string CustomersAddress =
        """
        select coalesce(nullif(c.email, ''), nullif(t.customer_email, '')) as email, coalesce(c.name, t.customer_name) as name,
               coalesce(c.language, t.language) as language
        from control.notices n
        left join control.tenants t on t.id = n.tenant_id
        left join control.customers c on c.code = n.customer
        where n.id = @id
        """;

    /// <inheritdoc/>
    public async Task<long?> RaiseAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Notice notice, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(notice);
        var now = time.GetUtcNow();
        var data = notice.Data.ToDictionary(d => d.Key, d => Shown(d.Value), StringComparer.Ordinal);
        var id = await connection.ExecuteScalarAsync<long?>(Sql.Command(
            InsertSql,
            new { notice.Kind, notice.Subject, notice.Cause, notice.TenantId, notice.Customer, Data = new Sql.JsonParameter(Sql.ToJson(data)), now },
            transaction, cancellationToken));
        if (id is not { } raised)
        {
            return null;
        }

        var giveUp = now + options.Value.GiveUpAfter;
        if (NoticeKinds.Causes.Contains(notice.Kind))
        {
            await connection.ExecuteAsync(Sql.Command(ToEndpointsSql, new { id = raised, notice.Kind, now, giveUp }, transaction, cancellationToken));
        }

        if (await FindReceiverAsync(connection, transaction, options.Value, notice.Kind, raised, cancellationToken) is { } receiver)
        {
            await connection.ExecuteAsync(Sql.Command(
                """
                insert into control.notice_deliveries (notice_id, channel, recipient, recipient_name, language, next_attempt_at, give_up_at)
                values (@raised, 'email', @Email, @Name, @Language, @now, @giveUp)
                """,
                new { raised, receiver.Email, receiver.Name, receiver.Language, now, giveUp }, transaction, cancellationToken));
        }

        return raised;
    }

    /// <inheritdoc/>
    public async Task CloseAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Notice notice, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(notice);
        await connection.ExecuteAsync(Sql.Command(
            "update control.notices set closed_at = @Now where kind = @Kind and subject = @Subject and cause = @Cause and closed_at is null",
            new { notice.Kind, notice.Subject, notice.Cause, Now = time.GetUtcNow() }, transaction, cancellationToken));
    }

    /// <summary>Who is e-mailed about a notice; null if nobody is.</summary>
    internal static async Task<MailReceiver?> FindReceiverAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, NoticeOptions options, string kind, long id, CancellationToken cancellationToken)
    {
        if (!options.Mail.IsOn || !NoticeKinds.Mailed.Contains(kind))
        {
            return null;
        }

        if (NoticeKinds.ForVisitors.Contains(kind))
        {
            return await connection.QuerySingleOrDefaultAsync<MailReceiver>(Sql.Command(
                """
                select r.email, r.contact as name, r.language
                from control.notices n join control.registrations r on n.subject = 'registration:' || r.id where n.id = @id and r.email is not null
                """,
                new { id }, transaction, cancellationToken));
        }

        if (!NoticeKinds.ForCustomers.Contains(kind))
        {
            return string.IsNullOrWhiteSpace(options.Operators) ? null : new MailReceiver { Email = options.Operators, Language = options.Language };
        }

        var found = await connection.QuerySingleAsync<MailReceiver>(Sql.Command(CustomersAddress, new { id }, transaction, cancellationToken));
        return found.Email is null ? null : found;
    }

    // PostgreSQL's JSON has no NUL; nobody reads a reason of pages.
    private static string Shown(string value)
    {
        value = PlainText.Escape(value, mayHaveLines: true);
        return value.Length <= LongestValue ? value : value[..LongestValue] + "…";
    }
}

/// <summary>Who is e-mailed.</summary>
internal sealed record MailReceiver
{
    public string? Email { get; init; }
    public string? Name { get; init; }
    public string? Language { get; init; }
}
