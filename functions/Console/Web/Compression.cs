using System.IO.Compression;
using Microsoft.Net.Http.Headers;

namespace Bibind.WebConsole.Web;

/// <summary>
/// Makes pages small for whoever takes them so. What a page repeats of a request stands beside the form's token, which is another at every
/// request; its length tells nobody anything.
/// </summary>
internal static class Compression
{
    private const int Worthwhile = 1024;

    public static async Task WriteAsync(HttpContext context, byte[] bytes)
    {
        var response = context.Response;
        response.Headers.Vary = HeaderNames.AcceptEncoding;
        if (bytes.Length >= Worthwhile && context.Request.GetTypedHeaders().AcceptEncoding.Any(e => e.Value == "gzip" && e.Quality is not 0))
        {
            using var small = new MemoryStream();
            await using (var gzip = new GZipStream(small, CompressionLevel.Fastest, leaveOpen: true))
            {
                await gzip.WriteAsync(bytes, context.RequestAborted);
            }

            response.Headers.ContentEncoding = "gzip";
            bytes = small.ToArray();
        }

        response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(bytes, context.RequestAborted);
        }
    }
}
