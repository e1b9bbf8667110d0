using System.Collections.Concurrent;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Bibind.Activities.Tests.Fixtures;

/// <summary>A request on its way to a real server.</summary>
internal sealed record PassedRequest(HttpContext Http, string Target, byte[] Body)
{
    /// <summary>What goes on to the server, if it is something else.</summary>
    public byte[]? Instead { get; set; }

    public string Method => Http.Request.Method;

    public IHeaderDictionary Headers => Http.Request.Headers;

    public bool Asks(string query) => Http.Request.Query.ContainsKey(query);
}

/// <summary>Stands before a real server and may answer in its place; passes on path and query exactly as they came, so that signatures hold.</summary>
internal sealed class HttpProxy : IAsyncDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
    private HttpStub? _stub;

    public Uri Url => _stub!.Url;

    private bool KeepsHost { get; init; }

    public ConcurrentQueue<string> Targets { get; } = [];

    /// <param name="target">The server.</param>
    /// <param name="answer">Answers in the server's place and says true, or says false.</param>
    /// <param name="keepsHost">True passes on the name that was asked for, which signatures cover.</param>
    public static async Task<HttpProxy> StartAsync(Uri target, Func<PassedRequest, Task<bool>> answer, bool keepsHost = true)
    {
        var proxy = new HttpProxy { KeepsHost = keepsHost };
        proxy._stub = await HttpStub.StartAsync(http => proxy.PassAsync(http, target, answer));
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await _stub!.DisposeAsync();
        _client.Dispose();
    }

    private async Task PassAsync(HttpContext http, Uri target, Func<PassedRequest, Task<bool>> answer)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        var raw = http.Features.Get<IHttpRequestFeature>()!.RawTarget;
        Targets.Enqueue($"{http.Request.Method} {raw}");
        var came = new PassedRequest(http, raw, body.ToArray());
        if (await answer(came))
        {
            return;
        }

        var address = new Uri($"{target.Scheme}://{target.Authority}{raw}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var request = new HttpRequestMessage(new HttpMethod(http.Request.Method), address);
        if (body.Length > 0 || HttpMethods.IsPut(http.Request.Method) || HttpMethods.IsPost(http.Request.Method))
        {
            request.Content = new ByteArrayContent(came.Instead ?? came.Body);
        }

        foreach (var (name, values) in http.Request.Headers.Where(h => h.Key is not ("Expect" or "Connection" or "Content-Length") && (KeepsHost || h.Key != "Host")))
        {
            if (!request.Headers.TryAddWithoutValidation(name, values.ToArray()))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, values.ToArray());
            }
        }

        using var passed = await _client.SendAsync(request, HttpCompletionOption.ResponseContentRead, http.RequestAborted);
        http.Response.StatusCode = (int)passed.StatusCode;
        Copy(passed.Headers, http.Response);
        Copy(passed.Content.Headers, http.Response);
        Copy(passed.TrailingHeaders, http.Response);
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await passed.Content.CopyToAsync(http.Response.Body, http.RequestAborted);
        }
    }

    private static void Copy(HttpHeaders headers, HttpResponse response)
    {
        foreach (var (name, values) in headers.NonValidated.Where(h => h.Key is not ("Transfer-Encoding" or "Connection")))
        {
            response.Headers[name] = values.ToArray();
        }
    }
}
