
namespace Bibind.WebConsole.Web;

/// <summary>The settings <c>Console__…</c>.</summary>
public sealed class WebConsoleOptions
{
    public const string Section = "Console";

    /// <summary>False: there is no console at this host.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Which installation this is: <c>production</c>, <c>staging</c> or <c>development</c>; shown on every page, each in its own colour.</summary>
    public string Environment { get; set; } = "production";
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
