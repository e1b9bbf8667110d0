using System.Collections.Frozen;
using System.Reflection;
using System.Text.Json;
using Microsoft.Net.Http.Headers;

namespace Bibind.WebConsole.Web;

/// <summary>The console's static files, which lie in the assembly, compressed when it was built.</summary>
internal static class StaticFiles
{
    private const string Prefix = "assets/";
    private static readonly Assembly Assembly = typeof(StaticFiles).Assembly;

    // Read when the first page is: a host that shows none starts without.
    private static readonly Lazy<FrozenDictionary<string, string>> Hashes = new(() =>
        JsonSerializer.Deserialize<Dictionary<string, string>>(Open("manifest.json"))!.ToFrozenDictionary(StringComparer.Ordinal));

    private static readonly FrozenDictionary<string, string> Types = new Dictionary<string, string>
    {
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".svg"] = "image/svg+xml",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The address of a file: below the hash of what is in it, so that it can be kept for ever.</summary>
    public static string Address(string name) => $"/console/assets/{Hashes.Value[name]}/{name}";

    /// <summary>Answers with a file.</summary>
    public static async Task ServeAsync(HttpContext context, string hash, string name)
    {
        var response = context.Response;
        if (!Hashes.Value.TryGetValue(name, out var current) || hash != current)
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var encoding = EncodingOf(context.Request);
        var headers = response.Headers;
        headers.CacheControl = "public, max-age=31536000, immutable";
        headers.Vary = HeaderNames.AcceptEncoding;
        headers.ContentEncoding = encoding;
        response.ContentType = Types[Path.GetExtension(name)];
        await using var bytes = Open(encoding switch { "br" => $"{name}.br", "gzip" => $"{name}.gz", _ => name });
        response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await bytes.CopyToAsync(response.Body, context.RequestAborted);
        }
    }

    private static string? EncodingOf(HttpRequest request)
    {
        var accepted = request.GetTypedHeaders().AcceptEncoding.Where(e => e.Quality is not 0).Select(e => e.Value.ToString()).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return accepted.Contains("br") ? "br" : accepted.Contains("gzip") ? "gzip" : null;
    }

    private static Stream Open(string name) =>
        Assembly.GetManifestResourceStream(Prefix + name) ?? throw new InvalidOperationException($"The assembly lacks {Prefix}{name}: functions/Console/Assets/build.mjs makes it.");
}
