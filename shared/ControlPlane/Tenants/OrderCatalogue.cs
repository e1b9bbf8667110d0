using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Tenants;

/// <summary>Says which of the names in an order stand for nothing; all of them at once.</summary>
public sealed class OrderCatalogue(NpgsqlDataSource database)
{
    /// <summary>Messages by field, as the field is called in JSON; empty if everything is known. What the order leaves out is not looked for.</summary>
    public async Task<IReadOnlyDictionary<string, string[]>> FindUnknownAsync(TenantOrder order, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await FindUnknownAsync(order, connection, null, cancellationToken);
    }

    /// <summary>The same on a connection that is at hand.</summary>
    public static async Task<IReadOnlyDictionary<string, string[]>> FindUnknownAsync(
        TenantOrder order, NpgsqlConnection connection, NpgsqlTransaction? transaction, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(connection);
        var known = await connection.QuerySingleAsync<Known>(Sql.Command(
            """
            select exists (select from control.offers where code = @Offer and removed_at is null) as offer,
                   exists (select from control.plans where code = @Plan and removed_at is null) as plan,
                   exists (select from control.template_catalogue where code = @Template)
                     or exists (select from control.templates where code = @Template or family = @Template) as template,
                   (select coalesce(string_agg(code, ' or ' order by code), 'none') from control.offers where active) as offers,
                   (select coalesce(string_agg(code, ' or ' order by code), 'none') from control.plans where active) as plans
            """,
            new { order.Offer, order.Plan, order.Template }, transaction, cancellationToken));
        var errors = new ValidationErrors();
        errors.Unless(order.Offer is null || known.Offer, "offer", $"There is no offer '{order.Offer}': choose {known.Offers}");
        errors.Unless(order.Plan is null || known.Plan, "plan", $"There is no plan '{order.Plan}': choose {known.Plans}");
        errors.Unless(order.Template is null || known.Template, "template", $"There is no template '{order.Template}': GET /api/templates lists them");
        return errors.ToDictionary();
    }

    private sealed record Known
    {
        public bool Offer { get; init; }
        public bool Plan { get; init; }
        public bool Template { get; init; }
        public string Offers { get; init; } = string.Empty;
        public string Plans { get; init; } = string.Empty;
    }
}
