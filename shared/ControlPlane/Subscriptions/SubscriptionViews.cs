using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Subscriptions;

/// <summary>Which subscriptions are wanted; null means any.</summary>
public sealed record SubscriptionFilter
{
    /// <summary>One of <see cref="SubscriptionStates"/>.</summary>
    public string? State { get; init; }

    /// <summary>Of this customer's tenants.</summary>
    public string? Customer { get; init; }
    public string? Plan { get; init; }
}

/// <summary>Shows subscriptions and what became of them.</summary>
public sealed class SubscriptionViews(NpgsqlDataSource database)
{
    private const string Select = "select s.*, t.customer from control.subscriptions s join control.tenants t on t.id = s.tenant_id";

    /// <summary>Subscriptions by page, newest first.</summary>
    public async Task<Page<Subscription>> ListAsync(SubscriptionFilter filter, PageRequest page, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        page = page.Checked();

        // Conditions that are there only when asked for, so that the index of each serves it.
        var conditions = new List<string>();
        Add(filter.State, "s.state = @State");
        Add(filter.Plan, "s.plan = @Plan");
        Add(filter.Customer, "t.customer = @Customer");
        var where = conditions.Count == 0 ? string.Empty : $"where {string.Join(" and ", conditions)}";
        var parameters = new { filter.State, filter.Plan, filter.Customer, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command(
            $"select count(*) from control.subscriptions s {(filter.Customer is null ? string.Empty : "join control.tenants t on t.id = s.tenant_id")} {where}",
            parameters, cancellationToken));
        var items = await connection.QueryAsync<Subscription>(Sql.Command(
            $"{Select} {where} order by s.id desc offset @Offset limit @Size", parameters, cancellationToken));
        return new Page<Subscription>(items.AsList(), total, page.Number, page.Size);

        void Add(string? value, string condition)
        {
            if (value is not null)
            {
                conditions.Add(condition);
            }
        }
    }

    /// <summary>The subscription of the last tenant that had the code, or null.</summary>
    public async Task<Subscription?> FindAsync(string tenant, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Subscription>(Sql.Command(
            $"{Select} where s.tenant = @tenant order by s.id desc limit 1", new { tenant }, cancellationToken));
    }

    /// <summary>The subscription of a tenant, living or not; null if it has none.</summary>
    public async Task<Subscription?> FindOfAsync(long tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Subscription>(Sql.Command($"{Select} where s.tenant_id = @tenantId", new { tenantId }, cancellationToken));
    }

    /// <summary>What became of a subscription, newest first.</summary>
    public async Task<Page<SubscriptionChangeEntry>> ListChangesAsync(long id, PageRequest page, CancellationToken cancellationToken)
    {
        page = page.Checked();
        var parameters = new { id, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command(
            "select count(*) from control.subscription_changes where subscription_id = @id", parameters, cancellationToken));
        var items = await connection.QueryAsync<SubscriptionChangeEntry>(Sql.Command(
            """
            select id, from_state, to_state, event, cause, cause_id, who, reason, fields::text as fields_json, changed_at
            from control.subscription_changes where subscription_id = @id order by id desc offset @Offset limit @Size
            """,
            parameters, cancellationToken));
        return new Page<SubscriptionChangeEntry>(items.AsList(), total, page.Number, page.Size);
    }
}
