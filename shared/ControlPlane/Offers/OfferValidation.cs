using System.Text.RegularExpressions;
using Bibind.Contracts;
using Bibind.ControlPlane.Servers;

namespace Bibind.ControlPlane.Offers;

/// <summary>Checks an offer before it is added or changed.</summary>
public static partial class OfferValidation
{
    // A code and a host as they usually are: what makes no name of these, makes none of others.
    private const string TrialCode = "acme-1";
    private const string TrialHost = "acme-1.example.com";

    /// <summary>Messages by field, as the field is called in JSON; empty if all is well.</summary>
    public static IReadOnlyDictionary<string, string[]> Check(NewOffer offer)
    {
        ArgumentNullException.ThrowIfNull(offer);
        var errors = new ValidationErrors();
        errors.Unless(CatalogueCodes.IsCode(offer.Code), "code", CatalogueCodes.Rule);
        errors.Unless(Offer.Applications.Contains(offer.Application), "application", $"must be {string.Join(" or ", Offer.Applications)}");
        errors.Unless(Offer.Deliveries.Contains(offer.Delivery), "delivery", $"must be {string.Join(" or ", Offer.Deliveries)}");
        CheckFields(errors, offer);
        return errors.ToDictionary();
    }

    /// <summary>The same of what may be changed later.</summary>
    public static IReadOnlyDictionary<string, string[]> Check(OfferFields offer)
    {
        ArgumentNullException.ThrowIfNull(offer);
        var errors = new ValidationErrors();
        CheckFields(errors, offer);
        return errors.ToDictionary();
    }

    private static void CheckFields(ValidationErrors errors, OfferFields offer)
    {
        errors.Unless(ValidationErrors.IsText(offer.Name, 128), "name", "must be 1 to 128 characters without control characters");
        errors.Unless(ValidationErrors.IsText(offer.DefaultPlan, 64), "defaultPlan", "must be the code of a plan, such as starter");
        errors.Unless(ValidationErrors.IsText(offer.DefaultTemplate, 64), "defaultTemplate", "must be the code of a template, such as blank");
        errors.Unless(ProblemWithPattern(offer.DatabasePattern) is null, "databasePattern", ProblemWithPattern(offer.DatabasePattern) ?? string.Empty);
        errors.Unless(offer.Region is null || PlacementTerms.IsRegion(offer.Region), "region", PlacementTerms.RegionRule);
        errors.Unless(offer.Labels is null || PlacementTerms.AreLabels(offer.Labels), "labels", PlacementTerms.LabelRule);
        errors.Unless(offer.Size is null || PlacementTerms.IsSize(offer.Size.Value), "size", PlacementTerms.SizeRule);
        CheckThemes(errors, offer.Themes ?? []);
    }

    private static void CheckThemes(ValidationErrors errors, IReadOnlyList<OfferTheme> themes)
    {
        errors.Unless(themes.Count <= OfferTheme.Most, "themes", $"must be {OfferTheme.Most} at most");
        errors.Unless(themes.Select(t => t.Name).Distinct(StringComparer.Ordinal).Count() == themes.Count, "themes", "must not hold a name twice");
        for (var i = 0; i < Math.Min(themes.Count, OfferTheme.Most); i++)
        {
            var (theme, field) = (themes[i], $"themes[{i}]");
            errors.Unless(CatalogueCodes.IsCode(theme.Name), $"{field}.name", CatalogueCodes.Rule);
            errors.Unless(IsColor(theme.PrimaryColor), $"{field}.primaryColor", "must be a colour such as #017e84");
            errors.Unless(IsColor(theme.SecondaryColor), $"{field}.secondaryColor", "must be a colour such as #714b67");
            errors.Unless(theme.Font is null || OfferTheme.Fonts.Contains(theme.Font), $"{field}.font", $"must be {string.Join(" or ", OfferTheme.Fonts)}");
        }
    }

    private static bool IsColor(string? color) => color is not null && Color().IsMatch(color);

    private static string? ProblemWithPattern(string? pattern) =>
        pattern is null || !(pattern.Contains("{subdomain}", StringComparison.Ordinal) || pattern.Contains("{host}", StringComparison.Ordinal) || pattern.Contains("{code}", StringComparison.Ordinal))
            ? "must hold {subdomain}, {host} or {code}, such as {subdomain} or erp_{code}: two tenants would have one database"
            : DatabasePattern.TryApply(pattern, TrialCode, TrialHost, out _, out var problem) ? null : $"makes no name of a database: {problem}";

    [GeneratedRegex(@"\A#[0-9a-fA-F]{6}\z")]
    private static partial Regex Color();
}
