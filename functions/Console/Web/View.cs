using System.Globalization;
using Bibind.WebConsole.Api;
using Bibind.WebConsole.Texts;
using Microsoft.Extensions.Primitives;

namespace Bibind.WebConsole.Web;

/// <summary>Everything around a page: who looks, where, in which language, and when.</summary>
public sealed class View
{
    private static readonly string[] Roles = ["viewer", "manager", "admin"];

    public required ConsoleCaller Caller { get; init; }
    public required Words Words { get; init; }

    /// <summary>light, dark, or auto: as the system is.</summary>
    public required string Theme { get; init; }
    public required string Environment { get; init; }
    public required string Path { get; init; }
    public required IReadOnlyDictionary<string, string> Query { get; init; }
    public required DateTimeOffset Now { get; init; }
    public required (string Name, string Value)? FormToken { get; init; }

    /// <summary>Where traces are shown, as the settings say; null: nowhere.</summary>
    public required string? TraceUrl { get; init; }

    /// <summary>The views of this list that whoever looks keeps; empty on pages that are no list.</summary>
    public IReadOnlyList<SavedView> Saved { get; internal set; } = [];

    /// <summary>A message for once, of what was done.</summary>
    public string? Done { get; init; }

    internal static View Of(HttpContext context, IConsoleHost host, WebConsoleOptions options, TimeProvider time)
    {
        var request = context.Request;
        return new View
        {
            Caller = host.CallerOf(context),
            Words = Words.Of(LanguageOf(request)),
            Theme = request.Cookies[Preferences.ThemeCookie] is "light" or "dark" ? request.Cookies[Preferences.ThemeCookie]! : "auto",
            Environment = options.Environment,
            TraceUrl = string.IsNullOrWhiteSpace(options.TraceUrl) ? null : options.TraceUrl,
            Path = request.Path,
            Query = request.Query.Where(q => !StringValues.IsNullOrEmpty(q.Value)).ToDictionary(q => q.Key, q => q.Value[0]!, StringComparer.Ordinal),
            Now = time.GetUtcNow(),
            FormToken = host.FormToken(context),
            Done = request.Query["done"],
        };
    }

    /// <summary>True if the caller has the role or a higher one; the API decides for itself.</summary>
    public bool May(string role) => Array.IndexOf(Roles, Caller.Role) >= Array.IndexOf(Roles, role);

    /// <summary>A value of the query; null if it is not given.</summary>
    public string? Asked(string name) => Query.GetValueOrDefault(name);

    /// <summary>The address of a trace; null where nothing shows traces.</summary>
    public string? TraceAddress(string traceId) => TraceUrl?.Replace(WebConsoleOptions.TraceIdPlace, Uri.EscapeDataString(traceId), StringComparison.Ordinal);

    /// <summary>This page with another query: null takes a value out, and a filter leads back to the first page.</summary>
    public string With(params (string Name, string? Value)[] changes)
    {
        var query = new SortedDictionary<string, string>(Query.Where(q => q.Key is not "done").ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal);
        foreach (var (name, value) in changes)
        {
            query.Remove(name);
            if (!string.IsNullOrEmpty(value))
            {
                query[name] = value;
            }
        }

        if (changes.All(c => c.Name != "page"))
        {
            query.Remove("page");
        }

        return Path + QueryString.Create(query.Select(q => KeyValuePair.Create(q.Key, (string?)q.Value)));
    }

    /// <summary>How long ago or ahead a moment is, in a few letters.</summary>
    public string Relative(DateTimeOffset at)
    {
        var distance = at - Now;
        var span = Span(distance.Duration());
        return distance.Duration() < TimeSpan.FromSeconds(1) ? Words["now"] : Words.Format(distance < TimeSpan.Zero ? "{0} ago" : "in {0}", span);
    }

    /// <summary>A time span in its two largest units.</summary>
    public string Span(TimeSpan span) => span switch
    {
        { TotalSeconds: < 1 } => Text($"{span.TotalMilliseconds:0} ms"),
        { TotalSeconds: < 60 } => Text($"{span.TotalSeconds:0.#} s"),
        { TotalMinutes: < 60 } => Text($"{span.Minutes} min {(span.Seconds > 0 && span.TotalMinutes < 10 ? Text($"{span.Seconds} s") : string.Empty)}").TrimEnd(),
        { TotalHours: < 24 } => Text($"{span.Hours} h {(span.Minutes > 0 ? Text($"{span.Minutes} min") : string.Empty)}").TrimEnd(),
        _ => Text($"{span.Days} {Words["d"]} {(span.Hours > 0 && span.Days < 7 ? Text($"{span.Hours} h") : string.Empty)}").TrimEnd(),
    };

    /// <summary>A whole number with its thousands apart.</summary>
    public string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture).Replace(",", Words.Language == "fr" ? "\u202f" : ",", StringComparison.Ordinal);

    /// <summary>Bytes in the unit that people read.</summary>
    public string Bytes(long? bytes)
    {
        if (bytes is not { } number)
        {
            return "–";
        }

        string[] units = Words.Language == "fr" ? ["o", "Kio", "Mio", "Gio", "Tio"] : ["B", "KiB", "MiB", "GiB", "TiB"];
        double value = number;
        var unit = 0;
        while (value >= 1024 && unit < units.Length - 1)
        {
            (value, unit) = (value / 1024, unit + 1);
        }

        var text = Text($"{value:0.#} {units[unit]}");
        return Words.Language == "fr" ? text.Replace('.', ',') : text;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string LanguageOf(HttpRequest request)
    {
        if (request.Cookies[Preferences.LanguageCookie] is { } chosen && Words.Languages.Contains(chosen))
        {
            return chosen;
        }

        return request.GetTypedHeaders().AcceptLanguage.OrderByDescending(l => l.Quality ?? 1)
            .Select(l => l.Value.ToString().Split('-')[0].ToLowerInvariant()).FirstOrDefault(Words.Languages.Contains) ?? "en";
    }
}
