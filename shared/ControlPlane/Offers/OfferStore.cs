using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Offers;

/// <summary>The offers, in all their versions.</summary>
public sealed class OfferStore(NpgsqlDataSource database, TimeProvider time)
    : VersionedCatalogue<Offer, OfferFields>(database, time, "offer", nameof(Offer.Application), nameof(Offer.Delivery))
{
    /// <summary>Adds an offer in the caller's transaction, as version 1.</summary>
    public Task<CatalogueResult<Offer>> CreateAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, NewOffer offer, string who, string why, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(offer);
        return CreateAsync(connection, transaction, OfferOf(offer), who, why, cancellationToken);
    }

    // Held until the offer is written, so that the plan is not removed in between.
    private protected override async Task<IReadOnlyDictionary<string, string[]>> FindUnknownAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, OfferFields fields, CancellationToken cancellationToken)
    {
        var errors = new ValidationErrors();
        var active = await connection.ExecuteScalarAsync<bool?>(Sql.Command(
            "select active from control.plans where code = @DefaultPlan and removed_at is null for key share", new { fields.DefaultPlan }, transaction, cancellationToken));
        errors.Unless(active is not null, "defaultPlan", $"There is no plan '{fields.DefaultPlan}': GET /api/plans lists them");
        errors.Unless(active is not false || !fields.Active, "defaultPlan", $"The plan '{fields.DefaultPlan}' is closed for new orders: choose one that is active");
        errors.Unless(
            await connection.ExecuteScalarAsync<bool>(Sql.Command(
                """
                select exists (select from control.template_catalogue where code = @DefaultTemplate)
                    or exists (select from control.templates where code = @DefaultTemplate)
                """,
                new { fields.DefaultTemplate }, transaction, cancellationToken)),
            "defaultTemplate", $"There is no template '{fields.DefaultTemplate}': GET /api/templates lists them");
        return errors.ToDictionary();
    }

    private static Offer OfferOf(NewOffer offer) => new()
    {
        Code = offer.Code,
        Name = offer.Name,
        Application = offer.Application,
        Delivery = offer.Delivery,
        DefaultPlan = offer.DefaultPlan,
        DefaultTemplate = offer.DefaultTemplate,
        DatabasePattern = offer.DatabasePattern,
        Region = offer.Region,
        Labels = offer.Labels,
        Size = offer.Size,
        Themes = offer.Themes,
        Active = offer.Active,
    };
}
