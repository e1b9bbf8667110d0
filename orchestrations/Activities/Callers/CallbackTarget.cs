using System.Net;

namespace Bibind.Activities.Callers;

/// <summary>Says by its address alone where a callback must not go; names are looked up when it is sent, and checked again.</summary>
public static class CallbackTarget
{
    internal const string LeadsNowhere = "it leads to an address where nobody can be reached (unspecified, multicast or reserved)";
    internal const string LeadsInside = "it leads to a private, loopback or link-local address (Callbacks__AllowPrivateTargets)";

    // Names that never leave the machine or the network (RFC 6761, 6762, 8375, 9476 and ICANN's .internal).
    private static readonly string[] LocalNames =
        ["localhost", "localdomain", "local", "internal", "intranet", "lan", "home.arpa", "ip6-localhost", "ip6-loopback", "alt"];

    /// <summary>Why a callback must not go there, to follow the name of its field; null if nothing speaks against it yet.</summary>
    public static string? RefusalOf(string url, bool allowPrivate)
    {
        ArgumentNullException.ThrowIfNull(url);
        return Uri.TryCreate(url, UriKind.Absolute, out var target) && RefusalOf(target, allowPrivate) is { } refusal
            ? $"cannot be called back: {refusal}"
            : null;
    }

    internal static string? RefusalOf(Uri target, bool allowPrivate)
    {
        var host = target.IdnHost.TrimEnd('.');
        return IPAddress.TryParse(host, out var address) ? RefusalOf(address, allowPrivate)
            : !allowPrivate && IsLocal(host) ? LeadsInside
            : null;
    }

    internal static string? RefusalOf(IPAddress address, bool allowPrivate) =>
        !PublicAddress.IsSomewhere(address) ? LeadsNowhere
        : !allowPrivate && !PublicAddress.Is(address) ? LeadsInside
        : null;

    // A name without a dot is completed by the resolver's own domains.
    private static bool IsLocal(string host) =>
        !host.Contains('.', StringComparison.Ordinal)
        || LocalNames.Any(n => host.EndsWith($".{n}", StringComparison.OrdinalIgnoreCase));
}
