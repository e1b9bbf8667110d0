using System.Net;

namespace Bibind.Functions.Requests;

/// <summary>Where a request comes from.</summary>
internal static class ClientAddress
{
    private const int MostHops = 20;

    /// <summary>
    /// The address that the connection has. Where that is a proxy which is trusted, the last address of <c>X-Forwarded-For</c> that none such has; what stands
    /// before it anybody can have written. Null if the connection has none.
    /// </summary>
    public static IPAddress? Of(HttpContext context, IReadOnlyList<IPNetwork> proxies)
    {
        if (context.Connection.RemoteIpAddress is not { } peer)
        {
            return null;
        }

        var address = Plain(peer);
        var hops = context.Request.Headers["X-Forwarded-For"].SelectMany(v => (v ?? string.Empty).Split(',')).Reverse().Take(MostHops);
        foreach (var hop in hops)
        {
            if (!proxies.Any(p => p.Contains(address)) || Read(hop.Trim()) is not { } before)
            {
                break;
            }

            address = before;
        }

        return address;
    }

    // Some proxies write the port too.
    private static IPAddress? Read(string hop) =>
        IPAddress.TryParse(hop, out var address) ? Plain(address) : IPEndPoint.TryParse(hop, out var end) ? Plain(end.Address) : null;

    private static IPAddress Plain(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address.ScopeId() is 0 ? address : new IPAddress(address.GetAddressBytes());

    private static long ScopeId(this IPAddress address) => address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? address.ScopeId : 0;
}
