using Bibind.Functions.Problems;

namespace Bibind.Functions.Security;

/// <summary>Marks endpoints that change something by calls of the API alone: those are recorded.</summary>
internal sealed record RecordedWithin;

/// <summary>
/// Records every call that may change something, of every caller that is known: before it is carried out, so that no crash loses it, and its result after. Webhooks
/// and registrations, which anybody can call, have records of their own.
/// </summary>
internal sealed class AuditMiddleware(RequestDelegate next, AuditTrail trail)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (ForgeryMiddleware.IsSafe(context.Request.Method) || CallerIdentity.Of(context.User) is not { } caller
            || context.GetEndpoint()?.Metadata.GetMetadata<RecordedWithin>() is not null)
        {
            await next(context);
            return;
        }

        var row = await trail.BeginAsync(context, caller);
        try
        {
            await next(context);
        }
        catch (Exception failure)
        {
            await trail.CompleteAsync(context, row, StatusOf(failure, context));
            throw;
        }

        await trail.CompleteAsync(context, row, context.Response.StatusCode);
    }

    // As the answer will have it.
    private static int StatusOf(Exception failure, HttpContext context) => failure switch
    {
        OperationCanceledException when context.RequestAborted.IsCancellationRequested => StatusCodes.Status499ClientClosedRequest,
        ProblemException refused => refused.Problem.Status,
        BadHttpRequestException bad => bad.StatusCode,
        Grpc.Core.RpcException { StatusCode: Grpc.Core.StatusCode.Unavailable or Grpc.Core.StatusCode.DeadlineExceeded } => StatusCodes.Status503ServiceUnavailable,
        _ when TransientDatabaseError.Is(failure) => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status500InternalServerError,
    };
}
