using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;

namespace Bibind.WebConsole.Texts;

/// <summary>The console's words in one language: English stands in the pages, other languages are read from <c>{language}.json</c>.</summary>
public sealed class Words
{
    private static readonly Lazy<FrozenDictionary<string, string>> French = new(() => Read("fr"));
    private readonly FrozenDictionary<string, string>? _words;

    private Words(string language, FrozenDictionary<string, string>? words) => (Language, _words) = (language, words);

    /// <summary>The languages that there are.</summary>
    public static IReadOnlyList<string> Languages { get; } = ["en", "fr"];

    /// <summary>As HTML names it.</summary>
    public string Language { get; }

    /// <summary>What has no word in this language: shown in English.</summary>
    internal static Action<string>? Missing { get; set; }

    public static Words Of(string language) => language == "fr" ? new("fr", French.Value) : new("en", null);

    /// <summary>An English text in this language.</summary>
    public string this[string english]
    {
        get
        {
            if (_words is null)
            {
                return english;
            }

            if (_words.TryGetValue(english, out var word))
            {
                return word;
            }

            Missing?.Invoke(english);
            return english;
        }
    }

    /// <summary>The same with values in the places <c>{0}</c>, <c>{1}</c> ….</summary>
    public string Format(string english, params object?[] values) => string.Format(CultureInfo.InvariantCulture, this[english], values);

    /// <summary>A word of the API, such as <c>waiting-retry</c>, as people write it.</summary>
    public string Code(string? code) => string.IsNullOrEmpty(code) ? "–" : this[code.Replace('-', ' ').Replace('_', ' ')];

    private static FrozenDictionary<string, string> Read(string language)
    {
        using var stream = typeof(Words).Assembly.GetManifestResourceStream($"texts/{language}.json")!;
        return JsonSerializer.Deserialize<Dictionary<string, string>>(stream)!.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
