using System.Net;
using System.Text.RegularExpressions;

namespace Bibind.ControlPlane.Servers;

/// <summary>Checks a server before it is registered or changed.</summary>
public static partial class ServerValidation
{
    // Addresses of the API beside those of servers.
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal) { "alerts", "best" };

    /// <summary>Messages by field, as the field is called in JSON; empty if all is well.</summary>
    public static IReadOnlyDictionary<string, string[]> Check(NewServer server)
    {
        ArgumentNullException.ThrowIfNull(server);
        var errors = new ValidationErrors();
        errors.Unless(server.Code is not null && Code().IsMatch(server.Code), "code", "must be a lower-case letter, then up to 62 letters, digits or '-', such as odoo-1");
        errors.Unless(server.Code is null || !Reserved.Contains(server.Code), "code", $"'{server.Code}' is a word of the API: choose another");
        CheckFields(errors, server);
        errors.Unless(!string.IsNullOrEmpty(server.DatabasePassword), "databasePassword", "is needed: it is stored encrypted and never shown");
        errors.Unless(
            !string.IsNullOrEmpty(server.ApplicationPassword), "applicationPassword",
            "is needed: the password of applicationRole, as which tenants' databases are entered; it is stored encrypted and never shown");
        errors.Unless(server.MasterPassword is not "", "masterPassword", "must not be empty: leave it out if the application has none");
        return errors.ToDictionary();
    }

    /// <summary>The same of what may be changed later.</summary>
    public static IReadOnlyDictionary<string, string[]> Check(ServerFields server)
    {
        ArgumentNullException.ThrowIfNull(server);
        var errors = new ValidationErrors();
        CheckFields(errors, server);
        return errors.ToDictionary();
    }

    // One server, one spelling: the unique index compares text.
    internal static string CanonicalUrl(string url) => new Uri(url, UriKind.Absolute).GetLeftPart(UriPartial.Authority);

    private static void CheckFields(ValidationErrors errors, ServerFields server)
    {
        errors.Unless(ValidationErrors.IsText(server.Name, 128), "name", "must be 1 to 128 characters without control characters");
        errors.Unless(IsBaseUrl(server.Url), "url", "must be an absolute http or https address without path, query or user, such as http://10.0.0.5:8069");
        errors.Unless(server.Description is null || IsDescription(server.Description), "description", "must be at most 2,000 characters that can be seen");
        errors.Unless(server.Ip is null || IPAddress.TryParse(server.Ip, out _), "ip", "must be an IP address, such as 10.0.0.5");
        errors.Unless(server.SshUser is null || ValidationErrors.IsText(server.SshUser, 32), "sshUser", "must be the name of an account: 1 to 32 characters");
        errors.Unless(server.SshSecret is null || ValidationErrors.IsText(server.SshSecret, 200), "sshSecret", "must be the name of a secret: 1 to 200 characters");
        errors.Unless(server.Port is > 0 and < 65536, "port", "must be 1 to 65535");
        errors.Unless(server.Region is null || PlacementTerms.IsRegion(server.Region), "region", PlacementTerms.RegionRule);
        errors.Unless(server.Labels is null || PlacementTerms.AreLabels(server.Labels), "labels", PlacementTerms.LabelRule);
        errors.Unless(server.DatabaseHost is not null && Uri.CheckHostName(server.DatabaseHost) != UriHostNameType.Unknown, "databaseHost", "must be a host name or an address");
        errors.Unless(server.DatabasePort is > 0 and < 65536, "databasePort", "must be 1 to 65535");
        errors.Unless(ValidationErrors.IsText(server.DatabaseUser, 63), "databaseUser", "must be the name of a PostgreSQL role: 1 to 63 characters");
        errors.Unless(ValidationErrors.IsText(server.ApplicationRole, 63), "applicationRole", "must be the name of a PostgreSQL role: 1 to 63 characters");
        errors.Unless(
            server.DatabaseUser != server.ApplicationRole, "databaseUser",
            "must be another role than applicationRole: what creates and drops databases is not what enters them");
        errors.Unless(server.MaxTenants > 0, "maxTenants", "must be more than 0");
        errors.Unless(server.CpuCores is null or > 0, "cpuCores", "must be more than 0");
        errors.Unless(server.MemoryGb is null or > 0, "memoryGb", "must be more than 0");
        errors.Unless(server.DiskGb is null or > 0, "diskGb", "must be more than 0");
    }

    private static bool IsBaseUrl(string? url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
        && uri.UserInfo.Length == 0 && uri.PathAndQuery == "/" && uri.Fragment.Length == 0;

    private static bool IsDescription(string text) => text.Length <= 2000 && PlainText.ProblemWith(text, mayHaveLines: true) is null;

    [GeneratedRegex(@"\A[a-z][a-z0-9-]{0,62}\z")]
    private static partial Regex Code();
}
