using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Bibind.Local.RealServers;

/// <summary>
/// Stands in for Odoo behind a proxy: says who it thinks was asked for and by whom, how long a body is, and echoes what
/// comes by websocket.
/// </summary>
public sealed class ApplicationStub : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ApplicationStub(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.Single());

    /// <summary>True answers 503 to whatever is asked.</summary>
    public bool IsDown { get; set; }

    public static async Task<ApplicationStub> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Limits.MaxRequestBodySize = null;
        });
        var app = builder.Build();
        app.UseWebSockets();
        var stub = new ApplicationStub(app);
        app.Run(stub.AnswerAsync);
        await app.StartAsync();
        return stub;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        if (IsDown)
        {
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        }
        else if (http.WebSockets.IsWebSocketRequest)
        {
            await EchoAsync(http);
        }
        else if (HttpMethods.IsPost(http.Request.Method))
        {
            var (buffer, total) = (new byte[64 * 1024], 0L);
            while (await http.Request.Body.ReadAsync(buffer, http.RequestAborted) is > 0 and var read)
            {
                total += read;
            }

            await http.Response.WriteAsync($"{total} bytes");
        }
        else
        {
            var caller = http.Request.Query.ContainsKey("caller") ? $" {http.Request.Headers["X-Forwarded-For"]}" : "";
            await http.Response.WriteAsync($"{Asked(http)} {http.Request.Path}{caller}");
        }
    }

    private static string Asked(HttpContext http) =>
        $"{http.Request.Host.Host} {http.Request.Headers["X-Forwarded-Host"].ToString().Split(':')[0]} {http.Request.Headers["X-Forwarded-Proto"]}";

    /// <summary>Says who was asked for, and then sends back whatever comes.</summary>
    private static async Task EchoAsync(HttpContext http)
    {
        using var socket = await http.WebSockets.AcceptWebSocketAsync();
        await socket.SendAsync(Encoding.UTF8.GetBytes($"{Asked(http)} {http.Request.Path}"), WebSocketMessageType.Text, true, http.RequestAborted);
        var buffer = new byte[16 * 1024];
        while (await socket.ReceiveAsync(buffer, http.RequestAborted) is { MessageType: not WebSocketMessageType.Close } message)
        {
            await socket.SendAsync(buffer.AsMemory(0, message.Count), message.MessageType, message.EndOfMessage, http.RequestAborted);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, http.RequestAborted);
    }
}
