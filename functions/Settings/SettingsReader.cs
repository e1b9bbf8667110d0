using System.Globalization;
using Bibind.Functions.Settings.Catalogue;

namespace Bibind.Functions.Settings;

/// <summary>Reads settings and collects what is wrong with them, each named as people write it.</summary>
internal sealed class SettingsReader(IConfiguration configuration)
{
    private readonly List<string> _problems = [];

    public IReadOnlyList<string> Problems => _problems;

    /// <summary>A setting's name as people write it.</summary>
    public static string NameOf(string key) => Setting.NameOf(key);

    public void Report(string key, string problem) => _problems.Add($"{NameOf(key)} {problem}");

    /// <summary>The trimmed text, or null if it is missing or blank.</summary>
    public string? Optional(string key) => configuration[key] is { } text && !string.IsNullOrWhiteSpace(text) ? text.Trim() : null;

    /// <summary>The trimmed text; empty, and reported, if it is missing.</summary>
    public string Required(string key, string meaning)
    {
        if (Optional(key) is { } text)
        {
            return text;
        }

        Report(key, $"is missing: {meaning}.");
        return string.Empty;
    }

    /// <summary>A whole number, in the range that the catalogue gives it.</summary>
    public int Number(string key, int otherwise) =>
        Read(key) is { } text ? int.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : otherwise;

    /// <summary>True or false.</summary>
    public bool Flag(string key, bool otherwise) => Read(key) is { } text ? bool.Parse(text) : otherwise;

    /// <summary>A time, in the range that the catalogue gives it.</summary>
    public TimeSpan Duration(string key, TimeSpan otherwise) => Read(key) is { } text ? TimeSpan.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    /// <summary>A point in time, or null.</summary>
    public DateTimeOffset? Instant(string key) => Read(key) is { } text && Setting.TryReadInstant(text, out var instant) ? instant : null;

    public T Choice<T>(string key, string? text, T otherwise)
        where T : struct, Enum
    {
        // Enum.TryParse takes numbers too, which nobody means to write.
        if (text is not null && Enum.TryParse<T>(text, ignoreCase: true, out var value) && Enum.IsDefined(value) && char.IsAsciiLetter(text[0]))
        {
            return value;
        }

        Report(key, $"must be one of {string.Join(", ", Enum.GetNames<T>()).ToLowerInvariant()}.");
        return otherwise;
    }

    /// <summary>The members of a list such as <c>Auth__Tokens__0</c>, in the order of their numbers.</summary>
    public IReadOnlyList<string> Items(string key) =>
        [.. configuration.GetSection(key).GetChildren().Select(c => c.Path).OrderBy(p => p.Length).ThenBy(p => p, StringComparer.Ordinal)];

    /// <summary>The names and values right below a section.</summary>
    public IReadOnlyDictionary<string, string> Children(string key) =>
        configuration.GetSection(key).GetChildren()
            .Where(c => !string.IsNullOrWhiteSpace(c.Value))
            .ToDictionary(c => c.Key, c => c.Value!.Trim(), StringComparer.Ordinal);

    public bool Has(string key) => configuration.GetSection(key).GetChildren().Any();

    // Null where nothing is set, and where what is set is wrong, which is reported.
    private string? Read(string key)
    {
        if (Optional(key) is not { } text)
        {
            return null;
        }

        if (SettingsCatalogue.Get(key).FindProblem(text) is { } problem)
        {
            Report(key, problem);
            return null;
        }

        return text;
    }
}
