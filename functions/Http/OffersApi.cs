using Bibind.Contracts;
using Bibind.ControlPlane.Offers;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>A change of an offer. What is left out stays; what may be empty is emptied by null.</summary>
public sealed record ChangeOffer : IRecordedChange
{
    internal static readonly string[] NeverNull = ["name", "defaultPlan", "defaultTemplate", "databasePattern", "labels", "themes", "active"];

    public string? Name { get; init; }
    public string? DefaultPlan { get; init; }
    public string? DefaultTemplate { get; init; }
    public string? DatabasePattern { get; init; }
    public string? Region { get; init; }
    public IReadOnlyList<string>? Labels { get; init; }
    public int? Size { get; init; }

    /// <summary>Themes that its tenants can choose.</summary>
    public IReadOnlyList<OfferTheme>? Themes { get; init; }

    /// <summary>False closes it for new orders; tenants that have it keep it.</summary>
    public bool? Active { get; init; }

    /// <summary>Why; recorded with the new version.</summary>
    public required string Reason { get; init; }

    internal static OfferFields Apply(ChangeOffer command, Offer offer, IReadOnlySet<string> given) => new()
    {
        Name = command.Name ?? offer.Name,
        DefaultPlan = command.DefaultPlan ?? offer.DefaultPlan,
        DefaultTemplate = command.DefaultTemplate ?? offer.DefaultTemplate,
        DatabasePattern = command.DatabasePattern ?? offer.DatabasePattern,
        Region = given.Contains("region") ? command.Region : offer.Region,
        Labels = command.Labels ?? offer.Labels,
        Size = given.Contains("size") ? command.Size : offer.Size,
        Themes = command.Themes ?? offer.Themes,
        Active = command.Active ?? offer.Active,
    };
}

/// <summary><c>/api/offers</c>.</summary>
internal static class OffersApi
{
    private static readonly CatalogueApi<Offer, OfferFields, OfferView> Api = new("offer", s => s.GetRequiredService<OfferStore>(), OfferView.Of);

    public static void MapOffers(this IEndpointRouteBuilder routes)
    {
        var offers = Api.Map(routes);
        offers.MapPost("/", CreateAsync).NeedsRole(Role.Admin).Describe("createOffer", "Adds an offer, as version 1")
            .Takes<NewOffer>().TakesKey().Answers<OfferView>(StatusCodes.Status201Created).Refuses(StatusCodes.Status409Conflict);
        offers.MapPatch("/{code}", ChangeAsync).NeedsRole(Role.Admin)
            .Describe("changeOffer", "Makes the next version of an offer; what tenants were sold stays as it was")
            .Takes<ChangeOffer>().TakesIfMatch(isRequired: true).Answers<OfferView>().Refuses(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> CreateAsync(HttpContext context, OfferStore offers)
    {
        var offer = await CommandReader.ReadAsync<NewOffer>(
            context, (given, _) => Task.FromResult(RecordedReason.With(OfferValidation.Check(given), given.Reason)));
        return await Api.CreateAsync(
            context, offer, offer.Code, offer.Reason, (work, who, why) => offers.CreateAsync(work.Connection, work.Transaction, offer, who, why, work.CancellationToken));
    }

    private static Task<IResult> ChangeAsync(HttpContext context, string code) =>
        Api.ChangeAsync<ChangeOffer>(context, code, ChangeOffer.Apply, OfferValidation.Check, ChangeOffer.NeverNull);
}
