using System.Text.Json;
using Bibind.Functions.Problems;
using Microsoft.AspNetCore.Http.Features;

namespace Bibind.Functions.Hosts;

/// <summary>Reads what a host posts over loopback.</summary>
internal static class HostJson
{
    /// <summary>Reads a body.</summary>
    /// <param name="context">The request.</param>
    /// <param name="what">What it is, to begin a sentence with.</param>
    /// <param name="largest">The most bytes that the host sends.</param>
    /// <exception cref="ProblemException">400: it is no JSON.</exception>
    public static async Task<JsonDocument> ReadAsync(HttpContext context, string what, int largest)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = largest;
        }

        try
        {
            return await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        }
        catch (JsonException malformed)
        {
            throw new ProblemException(ProblemFactory.Unreadable(Words(what, malformed)));
        }
        catch (IOException broken) when (broken is not BadHttpRequestException)
        {
            throw new ProblemException(ProblemFactory.BrokenBody);
        }
    }

    /// <summary>Says where something is no JSON.</summary>
    public static string Words(string what, JsonException malformed) =>
        $"{what} is not valid JSON at line {malformed.LineNumber + 1}, position {malformed.BytePositionInLine + 1}.";
}
