using System.Text.RegularExpressions;

namespace Bibind.Contracts;

/// <summary>What a template offers to the tenants that are cloned from it, as its database says it.</summary>
public sealed record TemplateContents
{
    /// <summary>The application's version, such as <c>19.0</c>.</summary>
    public string? Version { get; init; }

    /// <summary>Codes of the languages that are active in it.</summary>
    public IReadOnlyList<string> Languages { get; init; } = [];

    /// <summary>ISO 4217 codes of the currencies that it knows.</summary>
    public IReadOnlyList<string> Currencies { get; init; } = [];

    /// <summary>ISO 3166-1 alpha-2 codes of the countries that it knows.</summary>
    public IReadOnlyList<string> Countries { get; init; } = [];

    /// <summary>The currency of its company.</summary>
    public string? Currency { get; init; }

    /// <summary>The country whose taxes its company has; null where no chart of accounts is loaded.</summary>
    public string? FiscalCountry { get; init; }

    /// <summary>The chart of accounts of its company, such as <c>fr</c>.</summary>
    public string? ChartOfAccounts { get; init; }

    /// <summary>True if amounts were posted or drafted, after which the company's currency stays what it is.</summary>
    public bool HasEntries { get; init; }

    /// <summary>True if modules were installed with their demonstration data.</summary>
    public bool HasDemoData { get; init; }

    /// <summary>The installed modules.</summary>
    public IReadOnlyList<string> Modules { get; init; } = [];

    /// <summary>How many files its database names in the file store.</summary>
    public long Files { get; init; }
}

/// <summary>Whether a template offers what an order asks for.</summary>
public static partial class TemplateFit
{
    private const string LanguageOfNobody = "en_US";
    private const int ShownAtMost = 30;

    /// <summary>The field of the order that cannot be met and why, with what there is instead; null if all can.</summary>
    public static TemplateMisfit? ProblemWith(string template, TemplateContents contents, TenantLocale locale)
    {
        ArgumentNullException.ThrowIfNull(contents);
        ArgumentNullException.ThrowIfNull(locale);
        if (!contents.Languages.Contains(locale.Language))
        {
            return new TemplateMisfit(
                "locale.language", $"The template '{template}' does not offer the language '{locale.Language}'; it has {Shown(contents.Languages)}.");
        }

        if (!contents.Currencies.Contains(locale.Currency))
        {
            return new TemplateMisfit(
                "locale.currency", $"The template '{template}' does not know the currency '{locale.Currency}'; it has {Shown(contents.Currencies)}.");
        }

        if (contents.HasEntries && contents.Currency != locale.Currency)
        {
            return new TemplateMisfit(
                "locale.currency",
                $"The template '{template}' holds journal entries in {contents.Currency}, so its tenants cannot have the currency '{locale.Currency}': "
                + $"order {contents.Currency}, or a template without entries.");
        }

        if (locale.Country is { } wanted && contents.Countries.Count > 0 && !contents.Countries.Contains(wanted))
        {
            return new TemplateMisfit(
                "locale.country", $"The template '{template}' does not know the country '{wanted}'; it has {Shown(contents.Countries)}.");
        }

        return CountryOf(contents, locale) is { } country && contents.FiscalCountry is { } fiscal && country != fiscal
            ? new TemplateMisfit(
                "locale.country",
                $"The template '{template}' has the taxes and accounts of {fiscal}, not of {country}{(locale.Country is null ? $" (from the language {locale.Language})" : string.Empty)}: "
                + $"order the country {fiscal}, or a template for {country}.")
            : null;
    }

    /// <summary>The country of a tenant: as ordered, else by its language; null where that says none.</summary>
    /// <remarks>The language that an order has when it names none says nothing about a template that has a country of its own.</remarks>
    public static string? CountryOf(TemplateContents contents, TenantLocale locale)
    {
        ArgumentNullException.ThrowIfNull(contents);
        ArgumentNullException.ThrowIfNull(locale);
        return locale.Country
            ?? (contents.FiscalCountry is { } fiscal && locale.Language == LanguageOfNobody ? fiscal : CountryOf(locale.Language) ?? contents.FiscalCountry);
    }

    /// <summary>The country that an order asks for: as ordered, else by its language; null where it says nothing about one.</summary>
    public static string? CountryAskedFor(TenantLocale locale)
    {
        ArgumentNullException.ThrowIfNull(locale);
        return locale.Country ?? (locale.Language == LanguageOfNobody ? null : CountryOf(locale.Language));
    }

    private static string? CountryOf(string language) => LanguageOfCountry().Match(language) is { Success: true } match ? match.Groups[1].Value : null;

    private static string Shown(IReadOnlyList<string> codes) =>
        codes.Count == 0 ? "none"
        : codes.Count > ShownAtMost ? $"{string.Join(", ", codes.Take(ShownAtMost))} and {codes.Count - ShownAtMost} more"
        : string.Join(", ", codes);

    [GeneratedRegex(@"\A[a-z]{2,3}_([A-Z]{2})(?:@.*)?\z")]
    private static partial Regex LanguageOfCountry();
}

/// <summary>What of an order a template cannot meet.</summary>
/// <param name="Field">The field of the order, as it is called in JSON.</param>
/// <param name="Message">Why, and what there is instead.</param>
public sealed record TemplateMisfit(string Field, string Message);
