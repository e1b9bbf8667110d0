using System.Net;
using System.Net.Sockets;
using Bibind.Activities.Dns.Query;
using DnsClient;
using Xunit;

namespace Bibind.Activities.Tests.Dns;

/// <summary>What DNS servers answer that are broken or mean harm.</summary>
public sealed class DnsQueryClientTests
{
    private const string Name = "acme.example.com";
    private const int HeaderBytes = 12;
    private const int OptBytes = 11;

    [Fact]
    public async Task An_answer_is_read_or_refused_whatever_its_bytes()
    {
        var random = new Random(17);
        using var server = new DnsStub(query =>
        {
            var answer = new byte[query.Length + random.Next(100)];
            random.NextBytes(answer);
            query.CopyTo(answer, 0);
            (answer[2], answer[7], answer[9], answer[11]) = (0x84, (byte)random.Next(4), 0, 0);
            return answer;
        });

        for (var i = 0; i < 200; i++)
        {
            await server.AskAsync(Name);
        }
    }

    [Fact]
    public async Task A_name_that_only_looks_like_Punycode_is_shown_as_it_stands_too()
    {
        // A pointer to the name that was asked for, CNAME, IN, 60 s, 12 bytes.
        using var server = new DnsStub(query => Answer(query, [0xc0, 0x0c, 0, 5, 0, 1, 0, 0, 0, 60, 0, 12, 10, .. "xn--999999"u8, 0]));

        var answer = await DnsQueryClient.AskAsync(server.Address, Name, QueryType.A, CancellationToken.None);

        Assert.Equal("xn--999999", Assert.Single(answer.Answers).Value());
    }

    [Fact]
    public async Task An_answer_to_another_question_is_refused()
    {
        using var server = new DnsStub(query =>
        {
            var answer = Answer(query, [0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 66]);
            "evil"u8.CopyTo(answer.AsSpan(HeaderBytes + 1));
            return answer;
        });

        Assert.Contains("another question", await server.AskAsync(Name), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_is_shown_as_it_stands_in_the_message()
    {
        using var server = new DnsStub(query => Answer(query, [0xc0, 0x0c, 0, 5, 0, 1, 0, 0, 0, 60, 0, 20, 14, .. "xn--mnchen-3ya"u8, 3, .. "Com"u8, 0]));

        var answer = await DnsQueryClient.AskAsync(server.Address, "xn--zrich-kva.example", QueryType.A, CancellationToken.None);

        Assert.Equal("xn--zrich-kva.example", Assert.Single(answer.Answers).DomainName.Text());
        Assert.Equal("xn--mnchen-3ya.com", Assert.Single(answer.Answers).Value());
    }

    // The query without its additional record, as an answer with one record.
    private static byte[] Answer(byte[] query, byte[] record)
    {
        byte[] answer = [.. query[..^OptBytes], .. record];
        (answer[2], answer[3], answer[7], answer[11]) = (0x84, 0, 1, 0);
        return answer;
    }

    /// <summary>Answers every datagram as it is told to.</summary>
    private sealed class DnsStub : IDisposable
    {
        private readonly UdpClient _socket = new(new IPEndPoint(IPAddress.Loopback, 0));

        public DnsStub(Func<byte[], byte[]> answer) => _ = AnswerAsync(answer);

        public IPEndPoint Address => (IPEndPoint)_socket.Client.LocalEndPoint!;

        /// <summary>Asks; answers why there was no answer, if so.</summary>
        public async Task<string?> AskAsync(string name)
        {
            try
            {
                await DnsQueryClient.AskAsync(Address, name, QueryType.A, CancellationToken.None);
                return null;
            }
            catch (DnsUnansweredException unanswered)
            {
                return unanswered.Message;
            }
        }

        public void Dispose() => _socket.Dispose();

        private async Task AnswerAsync(Func<byte[], byte[]> answer)
        {
            try
            {
                while (true)
                {
                    var query = await _socket.ReceiveAsync();
                    await _socket.SendAsync(answer(query.Buffer), query.RemoteEndPoint);
                }
            }
            catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }
    }
}
