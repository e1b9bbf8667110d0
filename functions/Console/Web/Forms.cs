using Microsoft.AspNetCore.WebUtilities;

namespace Bibind.WebConsole.Web;

/// <summary>Reads what a form has sent.</summary>
internal static class Forms
{
    private const int LongestForm = 256 * 1024;

    /// <summary>The fields; of one that came twice, all values, a line each.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> ReadAsync(HttpContext context)
    {
        // A page that only reads is asked by GET, and has none. Antiforgery may have read the form already.
        if (!context.Request.HasFormContentType)
        {
            return new Dictionary<string, string>();
        }

        var form = await context.Request.ReadFormAsync(
            new Microsoft.AspNetCore.Http.Features.FormOptions { BufferBodyLengthLimit = LongestForm, MultipartBodyLengthLimit = LongestForm, ValueLengthLimit = LongestForm }, context.RequestAborted);
        return form.ToDictionary(f => f.Key, f => string.Join('\n', f.Value.ToArray()).ReplaceLineEndings("\n"), StringComparer.Ordinal);
    }

    /// <summary>A path of the console; anything else leads to its first page.</summary>
    public static string LocalPath(string? path) =>
        path is not null && (path == "/console" || path.StartsWith("/console/", StringComparison.Ordinal) || path.StartsWith("/console?", StringComparison.Ordinal))
            && !path.Contains('\\', StringComparison.Ordinal) && !path.Any(char.IsControl)
            ? path
            : "/console";

    /// <summary>A path with one more value in its query.</summary>
    public static string Add(string path, string name, string value) => QueryHelpers.AddQueryString(path, name, value);
}

/// <summary>Leads on after a form: the next request is a GET, and to load the page again sends nothing twice.</summary>
internal sealed class SeeOther(string path) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
        httpContext.Response.Headers.Location = path;
        return Task.CompletedTask;
    }
}
