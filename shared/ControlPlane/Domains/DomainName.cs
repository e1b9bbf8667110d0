using System.Globalization;
using System.Text.RegularExpressions;

namespace Bibind.ControlPlane.Domains;

/// <summary>Checks the form of customers' own host names at the door.</summary>
public static partial class DomainName
{
    /// <summary>What is wrong with a name, with what would be right; null if it can be used.</summary>
    /// <param name="name">Lower case.</param>
    /// <param name="platformDomain">The platform's own domain, whose names are not customers'.</param>
    public static string? Refusal(string name, string platformDomain)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!name.All(char.IsAscii))
        {
            return TryPunycode(name) is { } ascii
                ? $"must be in its ASCII form (punycode): send '{ascii}'"
                : "must be a host name in its ASCII form (punycode), such as xn--bcher-kva.example";
        }

        if (name.Length > 253 || !HostName().IsMatch(name))
        {
            return "must be a host name such as shop.example.com: labels of letters, digits and hyphens, without address, port, path or a dot at the end";
        }

        return name == platformDomain || name.EndsWith($".{platformDomain}", StringComparison.Ordinal)
            ? $"belongs to the platform's own domain {platformDomain}: every tenant has its name there already"
            : null;
    }

    private static string? TryPunycode(string name)
    {
        try
        {
            return new IdnMapping { UseStd3AsciiRules = true }.GetAscii(name);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    // The last label of a host name is never a number: that would be an IP address.
    [GeneratedRegex(@"\A([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?\z")]
    private static partial Regex HostName();
}
