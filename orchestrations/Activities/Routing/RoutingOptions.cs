namespace Bibind.Activities.Routing;

/// <summary>Settings <c>Routing:*</c>: which reverse proxy leads host names to servers, and where it answers.</summary>
public sealed class RoutingOptions
{
    public const string Section = "Routing";
    public const string None = "none";
    public const string Caddy = "caddy";
    public const string Nginx = "nginx";

    /// <summary><c>none</c>, <c>caddy</c> or <c>nginx</c>.</summary>
    public string Provider { get; set; } = None;

    /// <summary>Where the proxy answers plain requests: every route is tried out through it.</summary>
    public Uri Http { get; set; } = new("http://127.0.0.1");

    /// <summary>Where the proxy answers over TLS.</summary>
    public Uri Https { get; set; } = new("https://127.0.0.1");

    /// <summary>
    /// The port of every application server that takes websockets (Odoo's <c>gevent_port</c>); null where the server's own
    /// takes them, as Odoo's does without workers.
    /// </summary>
    public int? WebsocketPort { get; set; }

    /// <summary>The largest body of a request, in bytes: more is refused with 413.</summary>
    public long LargestBody { get; set; } = 256 * 1024 * 1024;

    /// <summary>How long a new route may take until the proxy answers by it.</summary>
    public TimeSpan VerifyLimit { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the proxy is asked whether it still knows its routes; 0 leaves that to the sweep.</summary>
    public TimeSpan WatchInterval { get; set; } = TimeSpan.FromSeconds(5);
}
