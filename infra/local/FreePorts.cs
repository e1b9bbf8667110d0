using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Bibind.Local;

/// <summary>Gives out ports of 127.0.0.1 that nothing listens on, by TCP or by UDP; never the same one twice in a process.</summary>
public static class FreePorts
{
    private const int Attempts = 200;
    private static readonly ConcurrentDictionary<int, bool> GivenOut = new();

    /// <summary>A free port. Whoever asked should listen soon: another process may be given it too.</summary>
    public static int Next()
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            using var tcp = new TcpListener(IPAddress.Loopback, 0);
            tcp.Start();
            var port = ((IPEndPoint)tcp.LocalEndpoint).Port;
            if (IsFreeForUdp(port) && GivenOut.TryAdd(port, true))
            {
                return port;
            }
        }

        throw new InvalidOperationException($"No port was free in {Attempts} attempts.");
    }

    private static bool IsFreeForUdp(int port)
    {
        try
        {
            using var udp = new UdpClient(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
