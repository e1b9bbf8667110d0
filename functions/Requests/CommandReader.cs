using System.Text.Json;
using System.Text.Unicode;
using Bibind.Functions.Problems;
using Microsoft.Net.Http.Headers;

namespace Bibind.Functions.Requests;

/// <summary>
/// Reads commands, the one way for all doors: exactly the members that the command has, each of its type, every
/// violation named at once, nothing guessed.
/// </summary>
public static class CommandReader
{
    /// <summary>The longest body, in bytes.</summary>
    public const int BodyLimit = 64 * 1024;

    /// <summary>
    /// The longest body that the server takes and throws away: a caller that is cut off while it sends never gets to
    /// read why it was refused.
    /// </summary>
    public const int DiscardLimit = 64 * 1024 * 1024;

    private static readonly JsonDocumentOptions Parsing = new() { MaxDepth = 8 };

    /// <summary>Reads a command.</summary>
    /// <exception cref="ProblemException">400, 413, 415 or 422 with what is wrong.</exception>
    public static async Task<T> ReadAsync<T>(HttpContext context)
        where T : class
    {
        using var body = await ReadJsonAsync(context);
        var errors = new FieldErrors();
        CommandShape.Check(body.RootElement, typeof(T), errors);
        errors.ThrowIfAny();
        return body.RootElement.Deserialize<T>(ApiJson.Options)!;
    }

    /// <summary>Reads a body that is a JSON object; whoever asks looks at the members.</summary>
    /// <exception cref="ProblemException">400, 413 or 415 with what is wrong.</exception>
    public static async Task<JsonDocument> ReadJsonAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        CheckMediaType(context.Request);
        var bytes = await ReadBytesAsync(context);
        return Parse(bytes);
    }

    private static void CheckMediaType(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type))
        {
            throw new ProblemException(Refusals.UnsupportedType("Send Content-Type: application/json."));
        }

        if (!type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || (type.Charset.HasValue && !type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)))
        {
            throw new ProblemException(Refusals.UnsupportedType($"'{request.ContentType}' cannot be read here; send application/json in UTF-8."));
        }

        if (request.Headers.ContentEncoding.Count > 0 && request.Headers.ContentEncoding != "identity")
        {
            throw new ProblemException(Refusals.UnsupportedType("A compressed body cannot be read here; send it without Content-Encoding."));
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadBytesAsync(HttpContext context)
    {
        if (context.Request.ContentLength > BodyLimit)
        {
            throw new ProblemException(Refusals.TooLarge(BodyLimit));
        }

        // A chunked body tells its length only by ending, so one byte more than allowed is asked for.
        var buffer = new byte[(int)(context.Request.ContentLength ?? BodyLimit) + 1];
        var length = 0;
        int read;
        while (length < buffer.Length && (read = await context.Request.Body.ReadAsync(buffer.AsMemory(length), context.RequestAborted)) > 0)
        {
            length += read;
        }

        return length <= BodyLimit ? buffer.AsMemory(0, length) : throw new ProblemException(Refusals.TooLarge(BodyLimit));
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            throw new ProblemException(Refusals.Unreadable("The body is empty; send a JSON object."));
        }

        if (!Utf8.IsValid(bytes.Span))
        {
            throw new ProblemException(Refusals.Unreadable("The body is not UTF-8."));
        }

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(bytes, Parsing);
        }
        catch (JsonException malformed)
        {
            throw new ProblemException(Refusals.Unreadable(
                $"The body is not valid JSON at line {malformed.LineNumber + 1}, position {malformed.BytePositionInLine + 1} (or nested deeper than {Parsing.MaxDepth} levels)."));
        }

        if (document.RootElement.ValueKind == JsonValueKind.Object)
        {
            return document;
        }

        var kind = JsonWords.Of(document.RootElement);
        document.Dispose();
        throw new ProblemException(Refusals.Unreadable($"The body is {kind}; send a JSON object."));
    }
}
