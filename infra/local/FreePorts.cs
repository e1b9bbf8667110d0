using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Bibind.Local;

/// <summary>Gives out ports of 127.0.0.1 that nothing listens on, by TCP or by UDP; never the same one twice in a process.</summary>
public static class FreePorts
{
    private const int Attempts = 1000;
    private const int Lowest = 10_000;
    private const int UsualFirstEphemeral = 32_768;
    private static readonly int FirstEphemeral = ReadFirstEphemeral();
    private static readonly ConcurrentDictionary<int, bool> GivenOut = new();

    /// <summary>A free port. Whoever asked should listen soon: another process may be given it too.</summary>
    public static int Next()
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            // Below those that the system itself gives to whoever connects or listens at "any": it could give ours away
            // before we listen.
            var port = Random.Shared.Next(Lowest, FirstEphemeral);
            if (IsFreeForTcp(port) && IsFreeForUdp(port) && GivenOut.TryAdd(port, true))
            {
                return port;
            }
        }

        throw new InvalidOperationException($"No port was free in {Attempts} attempts.");
    }

    private static int ReadFirstEphemeral()
    {
        const string Range = "/proc/sys/net/ipv4/ip_local_port_range";
        var first = File.Exists(Range) ? int.Parse(File.ReadAllText(Range).Split('\t', ' ')[0], CultureInfo.InvariantCulture) : UsualFirstEphemeral;
        return first > 2 * Lowest ? first : UsualFirstEphemeral;
    }

    private static bool IsFreeForTcp(int port)
    {
        try
        {
            using var tcp = new TcpListener(IPAddress.Loopback, port);
            tcp.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
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
