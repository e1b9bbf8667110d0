using Bibind.Functions.Http;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Hosts.Lambda;

/// <summary>
/// The endpoints that the Lambda Web Adapter calls over loopback: readiness at <c>/</c>, and every event that is no HTTP
/// request at <c>/events</c> (its <c>AWS_LWA_PASS_THROUGH_PATH</c>).
/// </summary>
/// <remarks>
/// The adapter takes any answer for success unless <c>AWS_LWA_ERROR_STATUS_CODES</c> says otherwise; the deployment sets it
/// to 400-599, so that a failed event is delivered again.
/// </remarks>
internal static class WebAdapter
{
    // The adapter adds it to what came over HTTP, and nobody can take it off again on the way.
    private const string OverHttp = "x-amzn-request-context";
    private const int LargestEvent = 6 * 1024 * 1024;

    public static void MapWebAdapter(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", () => TypedResults.Json(new { }, ApiJson.Options)).ExcludeFromDescription().WithMetadata(new Probe(), new NeedsNoDatabase());
        routes.MapPost("/events", HandleAsync).ExcludeFromDescription();
    }

    private static async Task<IResult> HandleAsync(HttpContext context, LambdaEvents events)
    {
        if (context.Request.Headers.ContainsKey(OverHttp))
        {
            throw new ProblemException(ProblemFactory.NotFound("There is nothing here for callers from outside."));
        }

        using var document = await HostJson.ReadAsync(context, "The event", LargestEvent);
        try
        {
            return TypedResults.Json(await events.HandleAsync(document.RootElement, deadline: null, context.RequestAborted), ApiJson.Options);
        }
        catch (UnknownEventException unknown)
        {
            throw new ProblemException(ProblemFactory.Unreadable(unknown.Message));
        }
    }
}
