using System.Net;
using System.Net.Sockets;

namespace Bibind.ControlPlane;

/// <summary>What addresses are counted together: whoever has one has many, of IPv6 more than can be counted.</summary>
internal static class ClientNetwork
{
    /// <summary>The network of an address, such as <c>192.0.2.0/24</c>; the address itself where the network has no other.</summary>
    /// <param name="address">One of it.</param>
    /// <param name="ipv4">How many bits a network of IPv4 has in common; a multiple of 8.</param>
    /// <param name="ipv6">How many one of IPv6 has.</param>
    public static string Of(IPAddress address, int ipv4, int ipv6)
    {
        var bytes = address.GetAddressBytes();
        var length = address.AddressFamily == AddressFamily.InterNetwork ? ipv4 : ipv6;
        if (length == bytes.Length * 8)
        {
            return address.ToString();
        }

        Array.Clear(bytes, length / 8, bytes.Length - (length / 8));
        return $"{new IPAddress(bytes)}/{length}";
    }
}
