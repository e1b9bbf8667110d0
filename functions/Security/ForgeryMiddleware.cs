using Bibind.Functions.Problems;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.Features;

namespace Bibind.Functions.Security;

/// <summary>
/// Refuses what another page made a browser send: whatever changes something under the console's cookie carries the token of our own pages. A browser
/// adds no Authorization header by itself, so that calls with one need none.
/// </summary>
internal sealed class ForgeryMiddleware(RequestDelegate next, IAntiforgery antiforgery)
{
    private const int LargestForm = 512 * 1024;

    public async Task InvokeAsync(HttpContext context)
    {
        // A call within the process was checked where it came in.
        if (CallerIdentity.Of(context.User)?.Session is not null && !IsSafe(context.Request.Method) && context.Features.Get<ForwardedCaller>() is null)
        {
            await RequireAsync(context, antiforgery);
        }

        await next(context);
    }

    /// <summary>True for methods that change nothing.</summary>
    public static bool IsSafe(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);

    /// <summary>Ends the call if it is not one of our own pages'.</summary>
    /// <param name="context">The call.</param>
    /// <param name="antiforgery">Knows our pages' tokens.</param>
    /// <param name="largest">Bytes that a form may have.</param>
    /// <exception cref="ProblemException">403; 400 or 413 where its form cannot be read.</exception>
    public static async Task RequireAsync(HttpContext context, IAntiforgery antiforgery, int largest = LargestForm)
    {
        if (context.Request.HasFormContentType)
        {
            if (context.Request.ContentLength > largest)
            {
                throw new ProblemException(ProblemFactory.TooLarge(largest));
            }

            // The body is read here first; endpoints get what was read.
            context.Features.Set<IFormFeature>(new FormFeature(context.Request, new FormOptions
            {
                KeyLengthLimit = 256,
                ValueCountLimit = 256,
                ValueLengthLimit = largest,
                BufferBodyLengthLimit = largest,
                MultipartBodyLengthLimit = largest,
            }));
        }

        try
        {
            if (!await antiforgery.IsRequestValidAsync(context))
            {
                throw new ProblemException(ProblemFactory.ForgedCall);
            }
        }
        catch (Exception broken) when (broken is InvalidDataException or (IOException and not BadHttpRequestException))
        {
            throw new ProblemException(ProblemFactory.BrokenBody);
        }
    }
}
