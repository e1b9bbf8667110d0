using System.Diagnostics;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Http;

/// <summary>Logs each call by its route's pattern: the path itself may hold a webhook's token.</summary>
internal sealed class RequestLogMiddleware(RequestDelegate next, ILogger<RequestLogMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            await next(context);
        }
        finally
        {
            // Probes come every few seconds, or every few milliseconds from the Functions host.
            if (context.GetEndpoint() is RouteEndpoint endpoint && endpoint.Metadata.GetMetadata<Probe>() is null)
            {
                Logs.Answered(
                    logger,
                    context.Request.Method,
                    endpoint.RoutePattern.RawText ?? string.Empty,
                    context.Response.StatusCode,
                    (long)Stopwatch.GetElapsedTime(start).TotalMilliseconds,
                    Problem.TraceOf(context));
            }
        }
    }
}

/// <summary>Marks endpoints that are called all the time and say nothing.</summary>
internal sealed record Probe;
