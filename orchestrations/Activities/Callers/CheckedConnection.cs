using System.Net;
using System.Net.Sockets;

namespace Bibind.Activities.Callers;

/// <summary>Connects to those addresses of a name only that may be called: looked at when the connection is made, so that no name leads elsewhere afterwards.</summary>
public static class CheckedConnection
{
    /// <summary>Connects.</summary>
    /// <param name="target">The name, or the address, and the port.</param>
    /// <param name="refusalOf">Why an address must not be called; null if it may be.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="Exception">What <paramref name="refusalOf"/> says of the first address, if none may be called.</exception>
    /// <exception cref="SocketException">None can be reached.</exception>
    public static async ValueTask<Stream> ConnectAsync(DnsEndPoint target, Func<IPAddress, Exception?> refusalOf, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(refusalOf);
        var addresses = await FindAddressesAsync(target.Host, cancellationToken);
        var allowed = addresses.Where(a => refusalOf(a) is null).ToArray();
        if (allowed.Length == 0 && addresses.Length > 0)
        {
            throw refusalOf(addresses[0])!;
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, target.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // The resolver refuses to look at some addresses, as a mistake of its caller's; they need none.
    private static async Task<IPAddress[]> FindAddressesAsync(string host, CancellationToken cancellationToken) =>
        IPAddress.TryParse(host.TrimEnd('.'), out var address) ? [address] : await System.Net.Dns.GetHostAddressesAsync(host, cancellationToken);
}
