using System.Diagnostics;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Http;

/// <summary>Gives each call a trace, and logs it by its route's pattern: the path itself may hold a webhook's token.</summary>
internal sealed class RequestLogMiddleware(RequestDelegate next, ILogger<RequestLogMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var start = Stopwatch.GetTimestamp();
        using var trace = StartTrace(context.Request);
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

    // The framework begins a trace only where its own request log, which is off, or a collector wants one. The trace id
    // stands in answers and logs, and goes along with the orchestration that an order starts.
    private static Activity? StartTrace(HttpRequest request)
    {
        if (Activity.Current is not null)
        {
            return null;
        }

        var trace = new Activity("request");
        if (request.Headers.TraceParent is [{ } parent] && ActivityContext.TryParse(parent, null, out _))
        {
            trace.SetParentId(parent);
        }

        return trace.Start();
    }
}

/// <summary>Marks endpoints that are called all the time and say nothing.</summary>
internal sealed record Probe;
