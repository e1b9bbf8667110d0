using System.Text.RegularExpressions;

namespace Bibind.Functions.Settings;

/// <summary>A server that the settings name, registered and activated at start.</summary>
public sealed partial record SeedServer
{
    private const string Section = "Seed:Server";

    public required string Code { get; init; }
    public required string Name { get; init; }

    /// <summary>Address of the application.</summary>
    public required string Url { get; init; }
    public required string DatabaseHost { get; init; }
    public required int DatabasePort { get; init; }

    /// <summary>The maintenance role.</summary>
    public required string DatabaseUser { get; init; }

    /// <summary>Never logged.</summary>
    public required string DatabasePassword { get; init; }
    public required string ApplicationRole { get; init; }

    /// <summary>Never logged.</summary>
    public required string ApplicationPassword { get; init; }

    /// <summary>How many tenants it may hold.</summary>
    public required int MaxTenants { get; init; }

    /// <summary>Leaves the passwords out.</summary>
    public override string ToString() => $"{Code} ({DatabaseUser}@{DatabaseHost}:{DatabasePort})";

    internal static SeedServer? Read(SettingsReader reader)
    {
        if (!reader.Has(Section))
        {
            return null;
        }

        var code = reader.Required($"{Section}:Code", "a short name for the server, such as local");
        if (code.Length > 0 && !CodeGrammar().IsMatch(code))
        {
            reader.Report($"{Section}:Code", "must begin with a lower-case letter and hold 2 to 31 lower-case letters, digits and hyphens.");
        }

        var url = reader.Required($"{Section}:Url", "the application's address, such as http://127.0.0.1:8069");
        if (url.Length > 0 && !(Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Scheme is "http" or "https"))
        {
            reader.Report($"{Section}:Url", "must be an http or https address.");
        }

        return new SeedServer
        {
            Code = code,
            Name = reader.Optional($"{Section}:Name") ?? code,
            Url = url,
            DatabaseHost = reader.Optional($"{Section}:DatabaseHost") ?? "localhost",
            DatabasePort = reader.Number($"{Section}:DatabasePort", 5432),
            DatabaseUser = reader.Optional($"{Section}:DatabaseUser") ?? "bibind_maintenance",
            DatabasePassword = reader.Required($"{Section}:DatabasePassword", "the password of Seed__Server__DatabaseUser"),
            ApplicationRole = reader.Optional($"{Section}:ApplicationRole") ?? "odoo",
            ApplicationPassword = reader.Required(
                $"{Section}:ApplicationPassword", "the password of Seed__Server__ApplicationRole, as which tenants' databases are entered"),
            MaxTenants = reader.Number($"{Section}:MaxTenants", 100),
        };
    }

    internal static IReadOnlyDictionary<string, string> ReadTemplates(SettingsReader reader)
    {
        var templates = reader.Children("Seed:Templates");
        if (templates.Count > 0 && !reader.Has(Section))
        {
            reader.Report("Seed:Templates", "needs Seed__Server__Code and its neighbours: the templates are on that server.");
        }

        return templates;
    }

    [GeneratedRegex(@"^[a-z][a-z0-9-]{1,30}\z", RegexOptions.CultureInvariant)]
    private static partial Regex CodeGrammar();
}
