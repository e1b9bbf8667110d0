using System.Net.Mime;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Bibind.Functions.Http;

/// <summary>Pages that letters lead to: small, without script, kept by nobody, and shown in no frame.</summary>
internal static class LetterPages
{
    private const int LongestForm = 2048;

    /// <summary>A page.</summary>
    /// <param name="context">The call.</param>
    /// <param name="status">HTTP status.</param>
    /// <param name="language">Such as <c>en</c>.</param>
    /// <param name="title">Text.</param>
    /// <param name="text">HTML of a paragraph.</param>
    /// <param name="more">HTML that follows it.</param>
    public static IResult Show(HttpContext context, int status, string language, string title, string text, string more = "")
    {
        var headers = context.Response.Headers;
        headers.CacheControl = "no-store";
        headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
        headers["Referrer-Policy"] = "no-referrer";
        headers.XFrameOptions = "DENY";
        headers["X-Robots-Tag"] = "noindex";
        return Results.Text(
            $"""
            <!doctype html>
            <html lang="{language}">
            <head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title></head>
            <body style="font-family: sans-serif; line-height: 1.5; max-width: 40em; margin: 4em auto; padding: 0 1em">
            <h1>{title}</h1>
            <p>{text}</p>
            {more}
            </body>
            </html>

            """,
            MediaTypeNames.Text.Html, Encoding.UTF8, status);
    }

    /// <summary>The fields of a form; none if it is no such form, or too long.</summary>
    public static async Task<IReadOnlyDictionary<string, StringValues>> ReadFormAsync(HttpContext context)
    {
        var buffer = new byte[LongestForm + 1];
        var length = await context.Request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, context.RequestAborted);
        return length > LongestForm || !MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type) || type.MediaType != "application/x-www-form-urlencoded"
            ? new Dictionary<string, StringValues>()
            : QueryHelpers.ParseQuery(Encoding.UTF8.GetString(buffer, 0, length));
    }
}
