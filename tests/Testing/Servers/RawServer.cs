using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Bibind.Testing.Servers;

/// <summary>Answers on a real socket as a test says, which may be as no server should.</summary>
public sealed class RawServer : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _accepting;
    private int _requests;

    private RawServer(Func<RawConnection, Task> answer)
    {
        // At every address of loopback, so that one of these can be many servers.
        _listener = new TcpListener(IPAddress.Any, 0);
        _listener.Start(512);
        _accepting = AcceptAsync(answer);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>Connections that were made.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Starts one; each connection is closed when its answer ends.</summary>
    public static RawServer Start(Func<RawConnection, Task> answer) => new(answer);

    /// <summary>Accepts and never says a word.</summary>
    public static Task Silence(RawConnection connection) => Task.Delay(Timeout.Infinite, connection.Ended);

    /// <summary>Answers every request with this.</summary>
    public static Func<RawConnection, Task> Http(string body, string status = "200 OK", string headers = "Content-Type: application/json\r\n", TimeSpan after = default) =>
        async connection =>
        {
            await connection.ReadRequestAsync();
            await Task.Delay(after, connection.Ended);
            await connection.WriteAsync($"HTTP/1.1 {status}\r\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}");
        };

    /// <summary>Answers as an Odoo does that is asked for its version.</summary>
    public static Func<RawConnection, Task> Odoo(string version = "18.0", TimeSpan after = default) => Http(
        $$$"""{"jsonrpc": "2.0", "id": 1, "result": {"server_version": "{{{version}}}", "protocol_version": 1}}""", after: after);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _end.Dispose();
    }

    private async Task AcceptAsync(Func<RawConnection, Task> answer)
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_end.Token);
                Interlocked.Increment(ref _requests);
                open.RemoveAll(t => t.IsCompleted);
                open.Add(AnswerAsync(socket, answer));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task AnswerAsync(Socket socket, Func<RawConnection, Task> answer)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            await answer(new RawConnection(stream, _end.Token));
        }
        catch (Exception ended) when (ended is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            // The caller hung up, or the test is over.
        }
    }
}

/// <summary>One connection.</summary>
public sealed class RawConnection(Stream stream, CancellationToken ended)
{
    /// <summary>Cancelled at the end of the test.</summary>
    public CancellationToken Ended => ended;

    /// <summary>Reads a request of HTTP with its body; answers its first line.</summary>
    public async Task<string> ReadRequestAsync()
    {
        var bytes = new List<byte>();
        var chunk = new byte[4096];
        while (true)
        {
            var read = await stream.ReadAsync(chunk, ended);
            bytes.AddRange(chunk.AsSpan(0, read));
            var text = Encoding.Latin1.GetString([.. bytes]);
            var head = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (read == 0 || (head >= 0 && HasBody(text, head)))
            {
                return text.Split("\r\n")[0];
            }
        }
    }

    /// <summary>Sends text as it is.</summary>
    public Task WriteAsync(string text) => stream.WriteAsync(Encoding.UTF8.GetBytes(text), ended).AsTask();

    private static bool HasBody(string text, int head)
    {
        var length = text[..head].Split("\r\n").FirstOrDefault(l => l.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))?.Split(':')[1].Trim();
        return text[..head].Contains("chunked", StringComparison.OrdinalIgnoreCase)
            ? text.EndsWith("0\r\n\r\n", StringComparison.Ordinal)
            : text.Length >= head + 4 + int.Parse(length ?? "0", System.Globalization.CultureInfo.InvariantCulture);
    }
}
