using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Bibind.Local;

namespace Bibind.Functions.Tests.Queues;

/// <summary>Stands between us and a broker; while it is cut, nothing listens and every connection is broken.</summary>
internal sealed class Line : IAsyncDisposable
{
    private readonly IPEndPoint _target;
    private readonly ConcurrentDictionary<TcpClient, bool> _open = new();
    private TcpListener _listener;

    public Line(Uri target)
    {
        _target = new IPEndPoint(IPAddress.Loopback, target.Port);
        Port = FreePorts.Next();
        _listener = Listen();
    }

    public int Port { get; }

    public void Cut()
    {
        _listener.Stop();
        foreach (var connection in _open.Keys)
        {
            connection.Close();
        }
    }

    public void Mend() => _listener = Listen();

    public ValueTask DisposeAsync()
    {
        Cut();
        return ValueTask.CompletedTask;
    }

    private TcpListener Listen()
    {
        var listener = new TcpListener(IPAddress.Loopback, Port);
        listener.Start();
        _ = AcceptAsync(listener);
        return listener;
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                _ = ForwardAsync(await listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Cut.
        }
    }

    private async Task ForwardAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            _open[client] = true;
            try
            {
                await server.ConnectAsync(_target);
                await Task.WhenAny(client.GetStream().CopyToAsync(server.GetStream()), server.GetStream().CopyToAsync(client.GetStream()));
            }
            catch (Exception broken) when (broken is SocketException or IOException or ObjectDisposedException or InvalidOperationException)
            {
                // One end has gone; the other is closed with us.
            }

            _open.TryRemove(client, out _);
        }
    }
}
