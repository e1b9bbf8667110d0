namespace Bibind.Activities.Routing.Nginx;

/// <summary>Settings <c>Routing:Nginx:*</c>.</summary>
public sealed class NginxOptions
{
    public const string Section = "Routing:Nginx";

    /// <summary>The folder that is ours, whose <c>*.conf</c> nginx includes in its <c>http</c> block.</summary>
    public string Folder { get; set; } = "/etc/nginx/bibind";

    /// <summary>The program.</summary>
    public string Program { get; set; } = "nginx";

    /// <summary>nginx's main configuration file.</summary>
    public string Configuration { get; set; } = "/etc/nginx/nginx.conf";

    /// <summary>What <c>listen</c> says for plain requests: a port, or an address with one.</summary>
    public string HttpListen { get; set; } = "80";

    /// <summary>What <c>listen</c> says for TLS.</summary>
    public string HttpsListen { get; set; } = "443";

    /// <summary>False where nginx has default servers of its own, which must answer 404 for hosts that they do not know.</summary>
    public bool DefaultServers { get; set; } = true;
}
