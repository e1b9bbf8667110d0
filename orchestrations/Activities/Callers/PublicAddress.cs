using System.Net;
using System.Net.Sockets;

namespace Bibind.Activities.Callers;

/// <summary>Tells addresses of the public internet from those that lead back into our own networks.</summary>
public static class PublicAddress
{
    // IANA's special-purpose registries: what is not globally reachable, and multicast.
    private static readonly IPNetwork[] Refused =
    [
        IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("127.0.0.0/8"),
        IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.0.0.0/24"), IPNetwork.Parse("192.0.2.0/24"),
        IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("198.18.0.0/15"), IPNetwork.Parse("198.51.100.0/24"), IPNetwork.Parse("203.0.113.0/24"),
        IPNetwork.Parse("224.0.0.0/4"), IPNetwork.Parse("240.0.0.0/4"),
        IPNetwork.Parse("64:ff9b:1::/48"), IPNetwork.Parse("100::/64"), IPNetwork.Parse("2001::/23"), IPNetwork.Parse("2001:db8::/32"),
        IPNetwork.Parse("fc00::/7"), IPNetwork.Parse("fe80::/10"), IPNetwork.Parse("fec0::/10"), IPNetwork.Parse("ff00::/8"),
    ];

    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");
    private static readonly IPNetwork Compatible = IPNetwork.Parse("::/96");

    /// <summary>True if the address is of the public internet.</summary>
    public static bool Is(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        if (Refused.Any(n => n.BaseAddress.AddressFamily == plain.AddressFamily && n.Contains(plain)))
        {
            return false;
        }

        if (plain.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return true;
        }

        // Addresses that carry an IPv4 address are as public as that one.
        var bytes = plain.GetAddressBytes();
        return Nat64.Contains(plain) || Compatible.Contains(plain) ? Is(new IPAddress(bytes.AsSpan(12, 4)))
            : !SixToFour.Contains(plain) || Is(new IPAddress(bytes.AsSpan(2, 4)));
    }
}
