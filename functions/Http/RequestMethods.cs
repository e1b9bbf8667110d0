using Microsoft.Net.Http.Headers;

namespace Bibind.Functions.Http;

/// <summary>Answers HEAD where GET is answered, without the body, and OPTIONS with the methods that an address takes.</summary>
internal static class RequestMethods
{
    /// <summary>Around the routing: a HEAD request finds the endpoint of GET, and is itself again for the endpoint.</summary>
    public static void UseRoutingOfMethods(this IApplicationBuilder app)
    {
        app.Use(async (context, next) =>
        {
            var method = context.Request.Method;
            if (HttpMethods.IsHead(method))
            {
                context.Features.Set(new HeadRequest());
                context.Request.Method = HttpMethods.Get;
            }

            try
            {
                await next(context);
            }
            finally
            {
                context.Request.Method = method;
            }

            ShowMethods(context);
        });
        app.UseRouting();
        app.Use((context, next) =>
        {
            if (context.Features.Get<HeadRequest>() is not null)
            {
                context.Request.Method = HttpMethods.Head;
            }

            return next(context);
        });
    }

    private static void ShowMethods(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        if (response is not { StatusCode: StatusCodes.Status405MethodNotAllowed, HasStarted: false })
        {
            return;
        }

        var allowed = response.Headers.GetCommaSeparatedValues(HeaderNames.Allow).ToList();
        if (allowed.Contains(HttpMethods.Get))
        {
            allowed.Add(HttpMethods.Head);
        }

        response.Headers.Allow = string.Join(", ", allowed.Append(HttpMethods.Options).Order(StringComparer.Ordinal));
        if (HttpMethods.IsOptions(request.Method))
        {
            response.StatusCode = StatusCodes.Status204NoContent;
        }
    }

    private sealed record HeadRequest;
}
