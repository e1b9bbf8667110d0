using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Bibind.Local.Tests;

/// <summary>Answers <c>GET</c> with the next of the given bodies, the last one for ever.</summary>
internal sealed class JobsStub : IDisposable
{
    private readonly HttpListener listener = new();
    private readonly Queue<string> bodies;

    public JobsStub(HttpStatusCode status, params string[] bodies)
    {
        this.bodies = new Queue<string>(bodies);
        Status = status;
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            Address = new Uri($"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}/");
        }

        listener.Prefixes.Add(Address.ToString());
        listener.Start();
        _ = ServeAsync();
    }

    public Uri Address { get; }

    public HttpStatusCode Status { get; }

    public void Dispose() => listener.Close();

    private async Task ServeAsync()
    {
        while (listener.IsListening)
        {
            HttpListenerContext call;
            try
            {
                call = await listener.GetContextAsync();
            }
            catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            var body = Encoding.UTF8.GetBytes(bodies.Count > 1 ? bodies.Dequeue() : bodies.Peek());
            call.Response.StatusCode = (int)Status;
            call.Response.ContentType = "application/json";
            await call.Response.OutputStream.WriteAsync(body);
            call.Response.Close();
        }
    }
}
