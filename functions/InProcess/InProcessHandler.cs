using System.Net;
using Bibind.Functions.Security;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace Bibind.Functions.InProcess;

/// <summary>
/// Calls the API of this process on behalf of whoever made the outer call: the same checks, the same audit and the same problems, without a
/// connection, and without a credential that could get lost.
/// </summary>
internal sealed class InProcessHandler(InProcessPipeline pipeline, IServiceScopeFactory scopes, HttpContext outer) : HttpMessageHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var body = new MemoryStream();
        var response = new InProcessResponse(body);
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(new HttpRequestFeature());
        features.Set<IHttpResponseFeature>(response);
        features.Set<IHttpResponseBodyFeature>(response);
        features.Set(new ForwardedCaller(outer.User));
        var context = new DefaultHttpContext(features)
        {
            RequestServices = scope.ServiceProvider,
            RequestAborted = cancellationToken,
            TraceIdentifier = outer.TraceIdentifier,
        };
        context.Connection.RemoteIpAddress = outer.Connection.RemoteIpAddress;
        context.Connection.RemotePort = outer.Connection.RemotePort;
        await FillAsync(context.Request, request, cancellationToken);
        await pipeline.Run(context);
        await response.CompleteAsync();
        return Answer(context.Response, body, request);
    }

    private async Task FillAsync(HttpRequest inner, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        (inner.Method, inner.Protocol, inner.Scheme, inner.Host) = (request.Method.Method, outer.Request.Protocol, outer.Request.Scheme, outer.Request.Host);
        inner.Path = PathString.FromUriComponent(request.RequestUri!);
        inner.QueryString = QueryString.FromUriComponent(request.RequestUri!);
        foreach (var (name, values) in request.Headers.Concat(request.Content?.Headers ?? Enumerable.Empty<KeyValuePair<string, IEnumerable<string>>>()))
        {
            inner.Headers[name] = values.ToArray();
        }

        // Who gave an order is recorded with what they called it by.
        foreach (var name in (string[])[HeaderNames.UserAgent, HeaderNames.TraceParent, "X-Forwarded-For"])
        {
            if (outer.Request.Headers.TryGetValue(name, out var value))
            {
                inner.Headers[name] = value;
            }
        }

        if (request.Content is { } content)
        {
            var sent = await content.ReadAsByteArrayAsync(cancellationToken);
            inner.Body = new MemoryStream(sent);
            inner.ContentLength = sent.Length;
        }
    }

    private static HttpResponseMessage Answer(HttpResponse inner, MemoryStream body, HttpRequestMessage request)
    {
        body.Position = 0;
        var answer = new HttpResponseMessage((HttpStatusCode)inner.StatusCode) { RequestMessage = request, Content = new StreamContent(body) };
        foreach (var (name, values) in inner.Headers)
        {
            if (!answer.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                answer.Content.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }

        return answer;
    }
}
