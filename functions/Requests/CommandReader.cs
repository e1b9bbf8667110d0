using System.Text.Json;
using System.Text.Unicode;
using Bibind.Functions.Problems;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace Bibind.Functions.Requests;

/// <summary>Says what is wrong with a command's members, by field.</summary>
/// <param name="command">The command; where it is not whole, members that are missing or of another type are null.</param>
/// <param name="isWhole">False if the command is refused whatever this look finds.</param>
public delegate Task<IReadOnlyDictionary<string, string[]>> CommandCheck<in T>(T command, bool isWhole);

/// <summary>
/// Reads commands, the one way for all endpoints: exactly the members that the command has, each of its type, every
/// violation named at once, nothing guessed.
/// </summary>
public static class CommandReader
{
    private static readonly JsonDocumentOptions Parsing = new() { MaxDepth = 8 };
    private static readonly IReadOnlyDictionary<string, string[]> NothingFound = new Dictionary<string, string[]>();

    /// <summary>Reads a command whose members need no further look.</summary>
    /// <exception cref="ProblemException">400, 413, 415 or 422 with what is wrong.</exception>
    public static Task<T> ReadAsync<T>(HttpContext context)
        where T : class => ReadAsync<T>(context, (_, _) => Task.FromResult(NothingFound));

    /// <summary>Reads a command; whatever is wrong with its members is named at once.</summary>
    /// <exception cref="ProblemException">400, 413, 415 or 422 with what is wrong.</exception>
    public static async Task<T> ReadAsync<T>(HttpContext context, CommandCheck<T> check)
        where T : class
    {
        using var body = await ReadJsonAsync(context);
        return await ReadAsync(body.RootElement, new FieldErrors(), check);
    }

    /// <summary>Reads a command out of JSON.</summary>
    /// <param name="json">An object.</param>
    /// <param name="errors">What is known to be wrong already.</param>
    /// <param name="check">Looks at the members, also when others are missing or of another type: those are null then.</param>
    /// <exception cref="ProblemException">422 with every wrong field.</exception>
    public static async Task<T> ReadAsync<T>(JsonElement json, FieldErrors errors, CommandCheck<T> check)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(errors);
        ArgumentNullException.ThrowIfNull(check);
        CommandShape.Check(json, typeof(T), errors);
        var command = errors.IsEmpty
            ? json.Deserialize<T>(ApiJson.Options)!
            : CommandShape.Usable(json, typeof(T), errors).Deserialize<T>(CommandShape.Incomplete)!;
        errors.AddFurther(await check(command, errors.IsEmpty));
        errors.ThrowIfAny();
        return command;
    }

    /// <summary>Reads a body that is a JSON object; whoever asks looks at the members.</summary>
    /// <exception cref="ProblemException">400, 413 or 415 with what is wrong.</exception>
    public static async Task<JsonDocument> ReadJsonAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        CheckMediaType(context.Request);
        var command = Parse(await ReadBytesAsync(context));
        context.Features.Set(CommandNotes.Of(command.RootElement));
        return command;
    }

    /// <summary>True if a request has a body, for calls that do without. Not every protocol says the length before it.</summary>
    public static bool HasBody(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Request.ContentLength > 0 || context.Request.Headers.TransferEncoding.Count > 0
            || (context.Request.ContentLength is null && context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true });
    }

    private static void CheckMediaType(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type))
        {
            throw new ProblemException(ProblemFactory.UnsupportedType("Send Content-Type: application/json."));
        }

        if (!type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || (type.Charset.HasValue && !type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)))
        {
            throw new ProblemException(ProblemFactory.UnsupportedType($"'{request.ContentType}' cannot be read here; send application/json in UTF-8."));
        }

        if (request.Headers.ContentEncoding.Count > 0 && request.Headers.ContentEncoding != "identity")
        {
            throw new ProblemException(ProblemFactory.UnsupportedType("A compressed body cannot be read here; send it without Content-Encoding."));
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadBytesAsync(HttpContext context)
    {
        if (context.Request.ContentLength > BodyLimits.Read)
        {
            throw new ProblemException(ProblemFactory.TooLarge(BodyLimits.Read));
        }

        // A chunked body tells its length only by ending, so one byte more than allowed is asked for.
        var buffer = new byte[(int)(context.Request.ContentLength ?? BodyLimits.Read) + 1];
        var length = 0;
        int read;
        try
        {
            while (length < buffer.Length && (read = await context.Request.Body.ReadAsync(buffer.AsMemory(length), context.RequestAborted)) > 0)
            {
                length += read;
            }
        }
        catch (IOException broken) when (broken is not BadHttpRequestException)
        {
            // Such as a chunk's size that no number holds.
            throw new ProblemException(ProblemFactory.BrokenBody);
        }

        return length <= BodyLimits.Read ? buffer.AsMemory(0, length) : throw new ProblemException(ProblemFactory.TooLarge(BodyLimits.Read));
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            throw new ProblemException(ProblemFactory.Unreadable("The body is empty; send a JSON object."));
        }

        if (!Utf8.IsValid(bytes.Span))
        {
            throw new ProblemException(ProblemFactory.Unreadable("The body is not UTF-8."));
        }

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(bytes, Parsing);
        }
        catch (JsonException malformed)
        {
            throw new ProblemException(ProblemFactory.Unreadable(
                $"The body is not valid JSON at line {malformed.LineNumber + 1}, position {malformed.BytePositionInLine + 1} (or nested deeper than {Parsing.MaxDepth} levels)."));
        }

        if (document.RootElement.ValueKind == JsonValueKind.Object)
        {
            return document;
        }

        var kind = JsonWords.Of(document.RootElement);
        document.Dispose();
        throw new ProblemException(ProblemFactory.Unreadable($"The body is {kind}; send a JSON object."));
    }
}
