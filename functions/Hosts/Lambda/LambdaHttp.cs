using System.Net;
using System.Text;
using System.Text.Json;
using Bibind.Functions.Problems;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace Bibind.Functions.Hosts.Lambda;

/// <summary>HTTP requests as API Gateway and function URLs send them (payload format 2.0), and answers as they take them.</summary>
internal static class LambdaHttp
{
    // Lambda takes 6 MiB for the whole answer.
    private const int LargestAnswer = 6 * 1024 * 1024;

    public static bool IsRequest(JsonElement @event) => @event.Member("requestContext").Member("http").ValueKind == JsonValueKind.Object;

    /// <summary>Runs a request through the pipeline.</summary>
    /// <exception cref="UnknownEventException">The event is not complete.</exception>
    public static async Task<byte[]> RunAsync<TContext>(
        IHttpApplication<TContext> application, JsonElement @event, LambdaInvocation invocation, CancellationToken timeUp)
        where TContext : notnull
    {
        using var response = new LambdaResponse();
        using var aborted = CancellationTokenSource.CreateLinkedTokenSource(timeUp);
        var features = new FeatureCollection();
        var request = ReadRequest(@event);
        features.Set<IHttpRequestFeature>(request);
        features.Set<IHttpRequestBodyDetectionFeature>(new BodyDetection(request.Body.Length > 0));
        features.Set<IHttpResponseFeature>(response);
        features.Set<IHttpResponseBodyFeature>(response);
        features.Set<IHttpRequestLifetimeFeature>(new Lifetime(aborted));
        features.Set<IHttpRequestIdentifierFeature>(new HttpRequestIdentifierFeature { TraceIdentifier = invocation.Id });
        features.Set<IHttpConnectionFeature>(ReadConnection(@event));
        var context = application.CreateContext(features);
        Exception? failure = null;
        try
        {
            await application.ProcessRequestAsync(context);
            await response.CompleteAsync();
        }
        catch (Exception unexpected)
        {
            failure = unexpected;
            throw;
        }
        finally
        {
            application.DisposeContext(context, failure);
            await response.EndAsync();
        }

        timeUp.ThrowIfCancellationRequested();
        return Write(response, HttpMethods.IsHead(request.Method));
    }

    private static HttpRequestFeature ReadRequest(JsonElement @event)
    {
        var method = @event.Member("requestContext").Member("http").Member("method").ToString();
        var path = @event.Member("rawPath").ToString();
        if (method.Length == 0 || !path.StartsWith('/'))
        {
            throw new UnknownEventException("The HTTP event has no requestContext.http.method or no rawPath: only payload format 2.0 is understood.");
        }

        // A stage with a name stands in the path.
        var stage = @event.Member("requestContext").Member("stage").ToString();
        if (stage is not ("" or "$default") && (path == $"/{stage}" || path.StartsWith($"/{stage}/", StringComparison.Ordinal)))
        {
            path = path[(stage.Length + 1)..] is { Length: > 0 } rest ? rest : "/";
        }

        var query = @event.Member("rawQueryString").ToString();
        var body = ReadBody(@event);
        var request = new HttpRequestFeature
        {
            Protocol = "HTTP/1.1",
            Scheme = "https",
            Method = method,
            PathBase = string.Empty,
            Path = PathString.FromUriComponent(path).Value!,
            QueryString = query.Length > 0 ? $"?{query}" : string.Empty,
            RawTarget = query.Length > 0 ? $"{path}?{query}" : path,
            Body = new MemoryStream(body, writable: false),
        };
        if (@event.Member("headers") is { ValueKind: JsonValueKind.Object } headers)
        {
            foreach (var header in headers.EnumerateObject())
            {
                request.Headers[header.Name] = header.Value.ToString();
            }
        }

        if (@event.Member("cookies") is { ValueKind: JsonValueKind.Array } cookies && cookies.GetArrayLength() > 0)
        {
            request.Headers.Cookie = string.Join("; ", cookies.EnumerateArray().Select(c => c.ToString()));
        }

        // What the body is here, whatever was told of it on the way.
        request.Headers.ContentLength = body.Length > 0 || request.Headers.ContainsKey(HeaderNames.ContentLength) ? body.Length : null;
        request.Headers.Remove(HeaderNames.TransferEncoding);
        return request;
    }

    private static byte[] ReadBody(JsonElement @event)
    {
        if (@event.Member("body") is not { ValueKind: JsonValueKind.String } body)
        {
            return [];
        }

        var text = body.GetString()!;
        if (@event.Member("isBase64Encoded").ValueKind != JsonValueKind.True)
        {
            return Encoding.UTF8.GetBytes(text);
        }

        try
        {
            return Convert.FromBase64String(text);
        }
        catch (FormatException)
        {
            throw new UnknownEventException("The HTTP event says isBase64Encoded, but its body is not base64.");
        }
    }

    private static HttpConnectionFeature ReadConnection(JsonElement @event) => new()
    {
        RemoteIpAddress = IPAddress.TryParse(@event.Member("requestContext").Member("http").Member("sourceIp").ToString(), out var address) ? address : null,
    };

    private static byte[] Write(LambdaResponse response, bool isHead)
    {
        // Nothing between the function and the caller drops the body of an answer to HEAD.
        var answer = Write(response.StatusCode, response.Headers, isHead ? default : response.Content);
        return answer.Length <= LargestAnswer ? answer : Write(
            StatusCodes.Status500InternalServerError,
            new HeaderDictionary { [HeaderNames.ContentType] = "application/problem+json", [HeaderNames.XContentTypeOptions] = "nosniff" },
            JsonSerializer.SerializeToUtf8Bytes(
                new
                {
                    type = "/problems/answer-too-large",
                    title = "The answer is too large",
                    status = StatusCodes.Status500InternalServerError,
                    detail = $"The answer has {answer.Length} bytes, and Lambda carries {LargestAnswer}; ask for a smaller page.",
                },
                ApiJson.Options));
    }

    private static byte[] Write(int status, IHeaderDictionary headers, ReadOnlyMemory<byte> content)
    {
        var isText = headers.ContentEncoding.Count == 0 && IsText(headers.ContentType.ToString());
        return JsonSerializer.SerializeToUtf8Bytes(
            new
            {
                statusCode = status,
                headers = headers.Where(h => !h.Key.Equals(HeaderNames.SetCookie, StringComparison.OrdinalIgnoreCase))
                    .ToDictionary(h => h.Key.ToLowerInvariant(), h => h.Value.ToString(), StringComparer.Ordinal),
                cookies = headers.SetCookie.ToArray(),
                body = isText ? Encoding.UTF8.GetString(content.Span) : Convert.ToBase64String(content.Span),
                isBase64Encoded = !isText,
            },
            ApiJson.Options);
    }

    private static bool IsText(string contentType) =>
        contentType.Length == 0
        || (MediaTypeHeaderValue.TryParse(contentType, out var type)
            && (type.Type.Equals("text", StringComparison.OrdinalIgnoreCase) || type.SubType.Equals("json", StringComparison.OrdinalIgnoreCase)
                || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase))
            && (!type.Charset.HasValue || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)));

    private sealed record BodyDetection(bool CanHaveBody) : IHttpRequestBodyDetectionFeature;

    private sealed class Lifetime(CancellationTokenSource aborted) : IHttpRequestLifetimeFeature
    {
        public CancellationToken RequestAborted { get; set; } = aborted.Token;

        public void Abort() => aborted.Cancel();
    }
}
