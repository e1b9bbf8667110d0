using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Bibind.Activities.Dns.Query;

/// <summary>A DNS server did not answer a query.</summary>
internal sealed class DnsUnansweredException(string message) : Exception(message);

/// <summary>Asks one DNS server one question: by UDP, and by TCP where the answer does not fit.</summary>
internal static class DnsQueryClient
{
    private const int Attempts = 3;
    private const int LargestDatagram = 4096;
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(2);

    /// <exception cref="DnsUnansweredException">It is silent, or what it says makes no sense.</exception>
    public static async Task<DnsAnswer> AskAsync(
        IPEndPoint server, string name, DnsType type, CancellationToken cancellationToken, bool recursionDesired = false)
    {
        var reason = "it is silent";
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            var query = DnsMessage.WriteQuery((ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1), name, type, recursionDesired);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(AnswerLimit);
            try
            {
                var answer = await AskByUdpAsync(server, query, limit.Token);
                return answer.IsTruncated ? await AskByTcpAsync(server, query, limit.Token) : answer;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                reason = "it is silent";
            }
            catch (Exception failed) when (failed is SocketException or EndOfStreamException or FormatException)
            {
                reason = failed is FormatException ? $"what it answers makes no sense: {failed.Message}" : "the connection is refused or cut off";
            }
        }

        throw new DnsUnansweredException($"The DNS server {server} does not answer: {reason}.");
    }

    private static async Task<DnsAnswer> AskByUdpAsync(IPEndPoint server, byte[] query, CancellationToken cancellationToken)
    {
        // Connected, so that the system drops what others send us.
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancellationToken);
        await socket.SendAsync(query, cancellationToken);
        var buffer = new byte[LargestDatagram];
        var length = await socket.ReceiveAsync(buffer, cancellationToken);
        return DnsMessage.ReadAnswer(buffer.AsSpan(0, length), query);
    }

    private static async Task<DnsAnswer> AskByTcpAsync(IPEndPoint server, byte[] query, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, cancellationToken);
        await using var stream = new NetworkStream(socket, ownsSocket: false);
        var framed = new byte[query.Length + 2];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)query.Length);
        query.CopyTo(framed, 2);
        await stream.WriteAsync(framed, cancellationToken);
        var length = new byte[2];
        await stream.ReadExactlyAsync(length, cancellationToken);
        var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(message, cancellationToken);
        return DnsMessage.ReadAnswer(message, query);
    }
}
