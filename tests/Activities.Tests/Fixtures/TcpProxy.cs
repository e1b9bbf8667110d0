using System.Net;
using System.Net.Sockets;

namespace Bibind.Activities.Tests.Fixtures;

/// <summary>Stands between us and a real server, and cuts connections when it is told to.</summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Uri _target;
    private readonly Task _accepting;
    private long _answered;

    public TcpProxy(Uri target)
    {
        _target = target;
        _listener.Start();
        Url = new UriBuilder(target) { Port = ((IPEndPoint)_listener.LocalEndpoint).Port }.Uri;
        _accepting = AcceptAsync();
    }

    public Uri Url { get; }

    /// <summary>How many connections to cut, each after <see cref="CutAfterBytes"/> of an answer.</summary>
    public int Cuts { get; set; }

    public long CutAfterBytes { get; set; }

    /// <summary>How many connections to cut, each after this many bytes of a request; none unless set.</summary>
    public long? CutRequestsAfterBytes { get; set; }

    /// <summary>Bytes that the server has answered.</summary>
    public long Answered => Interlocked.Read(ref _answered);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _accepting;
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> connections = [];
        try
        {
            while (true)
            {
                connections.Add(ForwardAsync(await _listener.AcceptTcpClientAsync(_end.Token)));
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ForwardAsync(TcpClient client)
    {
        using (client)
        using (var server = new TcpClient())
        {
            try
            {
                await server.ConnectAsync(_target.Host, _target.Port, _end.Token);
                await Task.WhenAny(CopyRequestsAsync(client.GetStream(), server.GetStream()), CopyAnswersAsync(server.GetStream(), client.GetStream()));
            }
            catch (Exception broken) when (broken is SocketException or IOException or OperationCanceledException)
            {
                // One end has gone; the other is closed with us.
            }
        }
    }

    private async Task CopyRequestsAsync(NetworkStream from, NetworkStream to)
    {
        var buffer = new byte[64 * 1024];
        long bytes = 0;
        while (await from.ReadAsync(buffer, _end.Token) is > 0 and var read)
        {
            bytes += read;
            if (bytes > CutRequestsAfterBytes)
            {
                return;
            }

            await to.WriteAsync(buffer.AsMemory(0, read), _end.Token);
        }
    }

    private async Task CopyAnswersAsync(NetworkStream from, NetworkStream to)
    {
        var buffer = new byte[64 * 1024];
        long bytes = 0;
        while (await from.ReadAsync(buffer, _end.Token) is > 0 and var read)
        {
            Interlocked.Add(ref _answered, read);
            bytes += read;
            await to.WriteAsync(buffer.AsMemory(0, read), _end.Token);
            if (Cuts > 0 && bytes > CutAfterBytes)
            {
                Cuts--;
                return;
            }
        }
    }
}
