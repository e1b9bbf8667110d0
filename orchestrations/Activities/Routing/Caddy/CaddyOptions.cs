namespace Bibind.Activities.Routing.Caddy;

/// <summary>Settings <c>Routing:Caddy:*</c>.</summary>
public sealed class CaddyOptions
{
    public const string Section = "Routing:Caddy";

    /// <summary>Caddy's admin API. Whoever reaches it can read every key: it must not be reachable from outside.</summary>
    public Uri Admin { get; set; } = new("http://127.0.0.1:2019");

    /// <summary>The name, in Caddy's configuration, of the HTTP server that gets the routes.</summary>
    public string Server { get; set; } = "edge";

    /// <summary>How long the admin API may take for one answer.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(15);
}
