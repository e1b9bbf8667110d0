using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Tests.Fixtures;

/// <summary>Answers HTTP requests on a free port as a test tells it to: what no real server can be made to answer.</summary>
internal sealed class HttpStub : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _requests;

    private HttpStub(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.Single());

    public int Requests => _requests;

    public static async Task<HttpStub> StartAsync(RequestDelegate answer, int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        var app = builder.Build();
        var stub = new HttpStub(app);
        app.Run(http =>
        {
            Interlocked.Increment(ref stub._requests);
            return answer(http);
        });
        await app.StartAsync();
        return stub;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
