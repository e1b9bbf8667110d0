
namespace Bibind.WebConsole.Web;

/// <summary>The settings <c>Console__…</c>.</summary>
public sealed class WebConsoleOptions
{
    public const string Section = "Console";

    /// <summary>False: there is no console at this host.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Which installation this is: <c>production</c>, <c>staging</c> or <c>development</c>; shown on every page, each in its own colour.</summary>
    public string Environment { get; set; } = "production";

    /// <summary>The address of a trace in whatever shows traces, with <see cref="TraceIdPlace"/> where its id belongs; no links unless given.</summary>
    public string? TraceUrl { get; set; }

    /// <summary>Stands for the id in <see cref="TraceUrl"/>.</summary>
    public const string TraceIdPlace = "{traceId}";

    /// <summary>True of nothing, and of an address that people may be led to: absolute, http or https, with a place for the id.</summary>
    public static bool IsTraceUrl(string? url) =>
        string.IsNullOrWhiteSpace(url)
        || (url.Contains(TraceIdPlace, StringComparison.Ordinal) && Uri.TryCreate(url, UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps) && address.UserInfo.Length == 0
            && address.Host.Length > 0 && !address.Authority.Contains('{', StringComparison.Ordinal));
}

/// <summary>Who looks at the console, as the host knows them.</summary>
/// <param name="Name">Shown on every page.</param>
/// <param name="Role"><c>viewer</c>, <c>manager</c> or <c>admin</c>.</param>
public sealed record ConsoleCaller(string Name, string Role);

/// <summary>What the host does for the console.</summary>
public interface IConsoleHost
{
    /// <summary>Who calls; the pages are closed to nobody-knows-who.</summary>
    ConsoleCaller CallerOf(HttpContext context);

    /// <summary>Carries calls to the API of this process, as whoever calls.</summary>
    HttpMessageHandler ApiOf(HttpContext context);

    /// <summary>The field that forms send against forged requests; null where callers send a token with every request.</summary>
    (string Name, string Value)? FormToken(HttpContext context);
}
