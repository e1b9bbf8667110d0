using System.Net;
using System.Net.Sockets;

namespace Bibind.Activities.Callers;

/// <summary>Tells addresses of the public internet from those that lead back into our own networks, and from those that lead nowhere.</summary>
public static class PublicAddress
{
    // IANA's special-purpose registries: what is not globally reachable. An address in one of these may be somebody's all the same.
    private static readonly IPNetwork[] Private =
    [
        IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("169.254.0.0/16"),
        IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.0.0.0/24"), IPNetwork.Parse("192.0.2.0/24"), IPNetwork.Parse("192.88.99.0/24"),
        IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("198.18.0.0/15"), IPNetwork.Parse("198.51.100.0/24"), IPNetwork.Parse("203.0.113.0/24"),
        IPNetwork.Parse("2001::/23"), IPNetwork.Parse("2001:db8::/32"), IPNetwork.Parse("3fff::/20"),
    ];

    // "This network", multicast, reserved and broadcast: nobody can be reached there.
    private static readonly IPNetwork[] Nowhere =
    [
        IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("224.0.0.0/4"), IPNetwork.Parse("240.0.0.0/4"), IPNetwork.Parse("::/128"), IPNetwork.Parse("ff00::/8"),
    ];

    private static readonly IPNetwork[] LinkLocal = [IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("fe80::/10")];
    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");

    // Prefixes of addresses whose last 32 bits are an IPv4 address: IPv4-compatible, IPv4-translated, NAT64.
    private static readonly IPNetwork[] Embedding = [IPNetwork.Parse("::/96"), IPNetwork.Parse("::ffff:0:0:0/96"), IPNetwork.Parse("64:ff9b::/96")];

    /// <summary>True if the address is of the public internet.</summary>
    public static bool Is(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var plain = Plain(address);
        return !IsIn(Nowhere, plain) && !IsIn(Private, plain) && (Embedded(plain) is { } embedded ? Is(embedded)
            : plain.AddressFamily == AddressFamily.InterNetwork || GlobalUnicast.Contains(plain));
    }

    /// <summary>True if somebody may be reached there at all, in whatever network.</summary>
    public static bool IsSomewhere(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var plain = Plain(address);
        return !IsIn(Nowhere, plain) && (Embedded(plain) is not { } embedded || IPAddress.IsLoopback(plain) || IsSomewhere(embedded));
    }

    /// <summary>True if the address is reached on the same link only, which is where clouds tell machines their credentials.</summary>
    public static bool IsLinkLocal(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var plain = Plain(address);
        return IsIn(LinkLocal, plain) || (Embedded(plain) is { } embedded && IsIn(LinkLocal, embedded));
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static bool IsIn(IPNetwork[] networks, IPAddress address) =>
        networks.Any(n => n.BaseAddress.AddressFamily == address.AddressFamily && n.Contains(address));

    /// <summary>The IPv4 address that an IPv6 address carries, which is where it leads; null if it carries none.</summary>
    private static IPAddress? Embedded(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return null;
        }

        var bytes = address.GetAddressBytes();
        return SixToFour.Contains(address) ? new IPAddress(bytes.AsSpan(2, 4))
            : IsIn(Embedding, address) || IsIsatap(bytes) ? new IPAddress(bytes.AsSpan(12, 4))
            : null;
    }

    // An interface identifier of ISATAP (RFC 5214): 0000:5efe or 0200:5efe before the IPv4 address.
    private static bool IsIsatap(byte[] bytes) => (bytes[8] & ~2) == 0 && bytes[9] == 0 && bytes[10] == 0x5e && bytes[11] == 0xfe;
}
