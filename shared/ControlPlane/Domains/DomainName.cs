using System.Globalization;
using System.Text.RegularExpressions;

namespace Bibind.ControlPlane.Domains;

/// <summary>Checks the form of customers' own host names before anything is stored.</summary>
public static partial class DomainName
{
    /// <summary>A name as it is kept: A to Z in lower case, and nothing else changed, for other folding makes another name of it.</summary>
    public static string Fold(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return string.Create(name.Length, name, (folded, given) =>
        {
            for (var i = 0; i < given.Length; i++)
            {
                folded[i] = char.IsAsciiLetterUpper(given[i]) ? (char)(given[i] | 0x20) : given[i];
            }
        });
    }

    /// <summary>What is wrong with a name, with what would be right; null if it can be used.</summary>
    /// <param name="name">As <see cref="Fold"/> made it.</param>
    /// <param name="platformDomain">The platform's own domain, whose names are not customers'.</param>
    public static string? Refusal(string name, string platformDomain)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(platformDomain);
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

        if (Idna2008.FindFault(name) is { } fault)
        {
            return $"is no host name: {fault}";
        }

        if (name == platformDomain || name.EndsWith($".{platformDomain}", StringComparison.Ordinal))
        {
            return $"belongs to the platform's own domain {platformDomain}: every tenant has its name there already";
        }

        if (platformDomain.EndsWith($".{name}", StringComparison.Ordinal))
        {
            return $"is above the platform's own domain {platformDomain}, so no customer can have it";
        }

        return PublicSuffixes.Contains(name) ? "is a public suffix, below which everybody may register names: it must be a name below it, such as shop." + name : null;
    }

    private static string? TryPunycode(string name)
    {
        try
        {
            var ascii = new IdnMapping { UseStd3AsciiRules = true }.GetAscii(name);

            // It maps more than IDNA 2008 allows; what is proposed has to be accepted.
            return HostName().IsMatch(ascii) && Idna2008.FindFault(ascii) is null ? ascii : null;
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
