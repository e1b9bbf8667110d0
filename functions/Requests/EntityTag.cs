using Bibind.Functions.Problems;
using Microsoft.Net.Http.Headers;

namespace Bibind.Functions.Requests;

/// <summary>The call may, or must, carry <c>If-Match</c>.</summary>
/// <param name="IsRequired">False if it is done to whatever is there when the header is left out.</param>
internal sealed record TakesIfMatch(bool IsRequired);

/// <summary>Versions of what an address shows (RFC 9110): a change names the version that it was made of, so that none overwrites another unseen.</summary>
internal static class EntityTag
{
    /// <summary>Shows a version.</summary>
    public static void Show(HttpContext context, string version) => context.Response.Headers.ETag = $"\"{version}\"";

    /// <summary>The versions of which one must be there; null for whatever is there.</summary>
    /// <exception cref="ProblemException">400 for a header that is none, 428 where it is missing and needed.</exception>
    public static IReadOnlyCollection<string>? ReadExpected(HttpContext context)
    {
        var header = context.Request.Headers.IfMatch;
        if (header.Count == 0)
        {
            return context.GetEndpoint()?.Metadata.GetMetadata<TakesIfMatch>() is { IsRequired: true }
                ? throw new ProblemException(new Problem(
                    StatusCodes.Status428PreconditionRequired, "precondition-required", "If-Match is needed",
                    "Read it first, and send the ETag of the answer as If-Match, so that a change of somebody else's in between is not lost; If-Match: * changes whatever there is."))
                : null;
        }

        if (!EntityTagHeaderValue.TryParseStrictList([.. header.OfType<string>()], out var tags) || tags.Count == 0)
        {
            throw new ProblemException(ProblemFactory.Unreadable("If-Match is no list of entity tags: send the ETag of an answer as it is, with its quotes, or *."));
        }

        // A weak tag never matches: two versions of one weak tag may differ.
        return tags.Any(t => t.Tag == "*") ? null : [.. tags.Where(t => !t.IsWeak).Select(t => t.Tag.Value![1..^1])];
    }

    /// <summary>What is there is not what was seen.</summary>
    public static Problem Stale(string what, string version) => new(
        StatusCodes.Status412PreconditionFailed, "stale", "It was changed meanwhile",
        $"{what} is not what it was when it was read: read it again, and change that.")
    {
        Headers = new Dictionary<string, string> { ["ETag"] = $"\"{version}\"" },
    };
}
