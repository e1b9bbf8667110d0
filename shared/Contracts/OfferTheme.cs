using System.Text.Json.Serialization;

namespace Bibind.Contracts;

/// <summary>How a tenant's company may look: colours and font of the application's documents and mails.</summary>
public sealed record OfferTheme
{
    /// <summary>The fonts that the application has.</summary>
    public static IReadOnlyList<string> Fonts { get; } = ["Lato", "Roboto", "Open_Sans", "Montserrat", "Oswald", "Raleway", "Tajawal", "Fira_Mono"];

    /// <summary>Themes that an offer may have.</summary>
    public const int Most = 100;

    /// <summary>Such as <c>ocean</c>.</summary>
    [JsonRequired]
    public string Name { get; init; } = string.Empty;

    /// <summary>Such as <c>#017e84</c>.</summary>
    [JsonRequired]
    public string PrimaryColor { get; init; } = string.Empty;

    /// <summary>Such as <c>#714b67</c>.</summary>
    [JsonRequired]
    public string SecondaryColor { get; init; } = string.Empty;

    /// <summary>One of <see cref="Fonts"/>; the company's stays if null.</summary>
    public string? Font { get; init; }
}
