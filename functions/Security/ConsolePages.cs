namespace Bibind.Functions.Security;

/// <summary>How pages of the console differ from calls of the API.</summary>
internal static class ConsolePages
{
    /// <summary>Where people sign in.</summary>
    public const string SignIn = "/console/sign-in";

    /// <summary>True for a page of the console.</summary>
    public static bool IsOne(HttpRequest request) => request.Path.StartsWithSegments(ReturnPath.Console, StringComparison.Ordinal);

    /// <summary>Sends a browser without a session to the sign-in, and from there back to the page; false for whatever is no page.</summary>
    public static bool SendToSignIn(HttpContext context)
    {
        var request = context.Request;
        if (!IsOne(request) || request.Headers.Authorization.Count > 0)
        {
            return false;
        }

        var isPage = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);
        var address = $"{SignIn}?return={Uri.EscapeDataString(ReturnPath.Of(isPage ? request.Path + request.QueryString : null))}";

        // A part of a page would show the sign-in within the page.
        if (request.Headers.ContainsKey("HX-Request"))
        {
            context.Response.Headers["HX-Redirect"] = address;
            return false;
        }

        if (!request.Headers.Accept.Any(a => a?.Contains("text/html", StringComparison.OrdinalIgnoreCase) == true))
        {
            return false;
        }

        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = address;
        return true;
    }
}
