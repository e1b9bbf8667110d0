using System.Text.RegularExpressions;

namespace Bibind.WebConsole.Web;

/// <summary>The console's lists that can be filtered: a view of one can be kept.</summary>
public static partial class ConsoleLists
{
    /// <summary>The longest address that can be kept.</summary>
    public const int LongestAddress = 2000;

    /// <summary>Where the lists are.</summary>
    public static IReadOnlyList<string> Paths { get; } =
    [
        "/console/tenants", "/console/jobs", "/console/servers", "/console/templates", "/console/rollouts", "/console/billing", "/console/deliveries", "/console/deliveries/notices",
        "/console/findings", "/console/backups", "/console/pending", "/console/audit",
    ];

    /// <summary>True for the address of a list, with whatever filters; nothing else of this or another host.</summary>
    public static bool IsAddress(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.Length <= LongestAddress && Address().Match(path) is { Success: true } found && Paths.Contains(found.Groups["path"].Value, StringComparer.Ordinal);
    }

    // A query as browsers write it: what means something in HTML, or ends an address, is escaped there.
    [GeneratedRegex("""\A(?<path>/console/[a-z/]+)(?:\?[A-Za-z0-9%&=+._~:;,@!$*()/?-]*)?\z""", RegexOptions.None, 1000)]
    private static partial Regex Address();
}
