using System.Text.RegularExpressions;
using Bibind.Contracts;
using Bibind.ControlPlane.Offers;

namespace Bibind.ControlPlane.Templates;

/// <summary>A template to make on a server, or to attach there. What is left out comes from the catalogue.</summary>
public sealed record NewTemplate
{
    public required string Code { get; init; }

    /// <summary>Code of the server.</summary>
    public required string Server { get; init; }

    /// <summary>From the catalogue, else the code.</summary>
    public string? Name { get; init; }

    /// <summary><c>template_{code}</c> unless given.</summary>
    public string? Database { get; init; }

    /// <summary>From the catalogue, else <c>base,web,mail,portal</c>.</summary>
    public IReadOnlyList<string>? Modules { get; init; }
    public string Language { get; init; } = "en_US";

    /// <summary>The country whose taxes and currency it is made for; the application's own default unless given.</summary>
    public string? Country { get; init; }

    /// <summary>The application's version, such as <c>18.0</c>.</summary>
    public string? Version { get; init; }
    public int WarmPoolSize { get; init; }

    /// <summary>The templates with the same one are made for different countries and languages; none unless given.</summary>
    public string? Family { get; init; }
    public required string RequestedBy { get; init; }

    internal string DatabaseName => Database ?? "template_" + Code;
}

/// <summary>Checks a template before it is made or attached.</summary>
public static partial class TemplateValidation
{
    /// <summary>Messages by field, as the field is called in JSON; empty if all is well.</summary>
    public static IReadOnlyDictionary<string, string[]> Check(NewTemplate template)
    {
        ArgumentNullException.ThrowIfNull(template);
        var errors = new ValidationErrors();
        errors.Unless(template.Code is not null && Code().IsMatch(template.Code), "code", "must be a lower-case letter, then up to 30 letters, digits or '-', such as restaurant");
        errors.Unless(ValidationErrors.IsText(template.Server, 63), "server", "must be the code of a server");
        errors.Unless(template.Name is null || ValidationErrors.IsText(template.Name, 128), "name", "must be 1 to 128 characters without control characters");
        errors.Unless(
            template.Modules is null or { Count: > 0 and <= 500 } && (template.Modules?.All(m => Module().IsMatch(m)) ?? true),
            "modules", "must be names of modules: lower-case letters, digits and '_', such as base,web,mail,portal");
        errors.Unless(template.Language is not null && LanguageCodes.IsKnown(template.Language), "language", LanguageCodes.Rule);
        errors.Unless(template.Country is null || Country().IsMatch(template.Country), "country", "must be an ISO 3166-1 alpha-2 code such as FR");
        errors.Unless(template.Version is null || ValidationErrors.IsText(template.Version, 32), "version", "must be 1 to 32 characters, such as 18.0");
        errors.Unless(template.WarmPoolSize is >= 0 and <= 100, "warmPoolSize", "must be 0 to 100");
        errors.Unless(template.Family is null || IsFamily(template.Family), "family", FamilyRule);
        if (DatabasePattern.ProblemWith(template.DatabaseName) is { } problem)
        {
            errors.Unless(false, "database", problem);
        }

        return errors.ToDictionary();
    }

    /// <summary>What a family looks like, to follow the name of its field.</summary>
    public const string FamilyRule = "must be a lower-case letter, then up to 30 letters, digits or '-', such as restaurant";

    public static bool IsFamily(string family) => Code().IsMatch(family);

    [GeneratedRegex(@"\A[a-z][a-z0-9-]{0,30}\z")]
    private static partial Regex Code();

    [GeneratedRegex(@"\A[a-z][a-z0-9_]{0,62}\z")]
    private static partial Regex Module();

    [GeneratedRegex(@"\A[A-Z]{2}\z")]
    private static partial Regex Country();
}
