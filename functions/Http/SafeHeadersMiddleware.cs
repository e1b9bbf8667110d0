namespace Bibind.Functions.Http;

/// <summary>Headers of every answer, whoever makes it: nobody guesses a type, and nobody keeps what was meant for one caller.</summary>
internal sealed class SafeHeadersMiddleware(RequestDelegate next)
{
    private const string OpenDocuments = "/openapi";

    public Task InvokeAsync(HttpContext context)
    {
        // At the start of the answer, for whoever answers may clear what was set before.
        context.Response.OnStarting(
            static state =>
            {
                Set((HttpContext)state);
                return Task.CompletedTask;
            },
            context);
        return next(context);
    }

    private static void Set(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        if (headers.CacheControl.Count == 0 && (context.Response.StatusCode >= 400 || !context.Request.Path.StartsWithSegments(OpenDocuments)))
        {
            headers.CacheControl = "no-store";
        }
    }
}
