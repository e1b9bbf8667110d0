using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Bibind.EndToEnd.Tests;

/// <summary>Stands for the console that ordered: keeps the notices that are POSTed to it.</summary>
internal sealed class CallerStub : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<JsonObject> _received = new();

    private CallerStub(WebApplication app) => _app = app;

    public string Url => $"{_app.Urls.Single()}/callback";

    public IReadOnlyCollection<JsonObject> Received => _received;

    public static async Task<CallerStub> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var stub = new CallerStub(app);
        app.MapPost("/callback", async (HttpRequest request) =>
        {
            stub._received.Enqueue((await JsonNode.ParseAsync(request.Body))!.AsObject());
            return Results.Ok();
        });
        await app.StartAsync();
        return stub;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
