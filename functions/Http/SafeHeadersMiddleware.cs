using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>Headers of every answer, whoever makes it: nobody guesses a type, and nobody keeps what was meant for one caller.</summary>
internal sealed class SafeHeadersMiddleware(RequestDelegate next, SignInOptions signIn)
{
    // What the console's pages may load and where their forms may lead: to this host, and to the issuer, where signing out goes on.
    private readonly string _pages = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        + $"manifest-src 'self'; form-action 'self'{(signIn is { Issuer: { } issuer, Console.Client: not null } ? $" {issuer.GetLeftPart(UriPartial.Authority)}" : string.Empty)}; "
        + "base-uri 'none'; object-src 'none'; frame-ancestors 'none'";

    private readonly bool _isSecure = signIn.Console.PublicUrl?.Scheme == Uri.UriSchemeHttps;

    private const string OpenDocuments = "/openapi";

    public Task InvokeAsync(HttpContext context)
    {
        // At the start of the answer, for whoever answers may clear what was set before.
        context.Response.OnStarting(
            static state =>
            {
                var (headers, context) = ((SafeHeadersMiddleware, HttpContext))state;
                headers.Set(context);
                return Task.CompletedTask;
            },
            (this, context));
        return next(context);
    }

    private void Set(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        if (headers.CacheControl.Count == 0 && (context.Response.StatusCode >= 400 || !context.Request.Path.StartsWithSegments(OpenDocuments)))
        {
            headers.CacheControl = "no-store";
        }

        if (ConsolePages.IsOne(context.Request))
        {
            SetForPages(headers);
        }
    }

    private void SetForPages(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy = _pages;
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
        if (_isSecure)
        {
            headers.StrictTransportSecurity = "max-age=31536000";
        }
    }
}
