using Grpc.Core;

namespace Bibind.Functions.Problems;

/// <summary>Sees to it that whatever goes wrong is answered as a problem, and that only the log gets to know more.</summary>
internal sealed class ProblemsMiddleware(RequestDelegate next, ConnectionPools pools, ILogger<ProblemsMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await RunAsync(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone; there is nobody to answer.
            context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            return;
        }
        catch (Exception exception) when (!context.Response.HasStarted)
        {
            var headers = context.Response.Headers;
            headers.ContentLength = null;
            headers.ContentType = default;
            await Translate(exception, context).WriteAsync(context);
            return;
        }

        var response = context.Response;
        if (response is { HasStarted: false, StatusCode: >= 400, ContentLength: null, ContentType: null })
        {
            await ProblemFactory.OfStatus(context).WriteAsync(context);
        }
    }

    // A read whose connection had ended while it lay in the pool is done once more, on a new one. What changes something
    // sees to this itself.
    private async Task RunAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (Exception exception) when (IsRead(context.Request.Method) && !context.Response.HasStarted && TransientDatabaseError.Is(exception))
        {
            pools.ClearIdle();
            context.Response.Clear();
            await next(context);
        }
    }

    private static bool IsRead(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method);

    private Problem Translate(Exception exception, HttpContext context)
    {
        switch (exception)
        {
            case ProblemException refused:
                return refused.Problem;
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return ProblemFactory.TooLarge(BodyLimits.Read);
            case BadHttpRequestException bad:
                return ProblemFactory.Unreadable(bad.Message) with { Status = bad.StatusCode };
            // Before the database: the socket's fault is within it.
            case RpcException { StatusCode: StatusCode.Unavailable or StatusCode.DeadlineExceeded } silent:
                Logs.EngineUnavailable(logger, Problem.TraceOf(context), silent);
                return ProblemFactory.EngineUnavailable;
            case var away when TransientDatabaseError.Is(away):
                Logs.DatabaseUnavailable(logger, Problem.TraceOf(context), away);
                return ProblemFactory.Unavailable;
            default:
                Logs.UnexpectedFailure(logger, context.Request.Method, SecretPaths.Show(context.Request.Path), Problem.TraceOf(context), exception);
                return ProblemFactory.Unexpected;
        }
    }
}
