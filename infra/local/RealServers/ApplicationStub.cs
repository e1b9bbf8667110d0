using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Bibind.Local.RealServers;

/// <summary>An application server that says who it thinks was asked for, as one behind a proxy does.</summary>
public sealed class ApplicationStub : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ApplicationStub(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.Single());

    public static async Task<ApplicationStub> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.Run(http => http.Response.WriteAsync(
            $"{http.Request.Host.Host} {http.Request.Headers["X-Forwarded-Host"].ToString().Split(':')[0]} {http.Request.Headers["X-Forwarded-Proto"]} {http.Request.Path}"));
        await app.StartAsync();
        return new ApplicationStub(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
