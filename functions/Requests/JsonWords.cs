using System.Text.Json;
using Bibind.ControlPlane;

namespace Bibind.Functions.Requests;

/// <summary>Says what a JSON value is, and reads text with care.</summary>
internal static class JsonWords
{
    public static string Of(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "text",
        JsonValueKind.Number => "a number",
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => "null",
    };

    /// <summary>The text; or what is wrong with it: half a surrogate pair, or characters that PostgreSQL cannot take or a person cannot see.</summary>
    public static (string Text, string? Problem) ReadText(JsonElement element)
    {
        string text;
        try
        {
            text = element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return (string.Empty, "is not valid Unicode text");
        }

        return PlainText.ProblemWith(text, mayHaveLines: true) is { } problem ? (string.Empty, problem) : (text, null);
    }

    /// <summary>A member's name, shown safely.</summary>
    public static string NameOf(JsonProperty member)
    {
        try
        {
            return PlainText.Escape(member.Name);
        }
        catch (InvalidOperationException)
        {
            return "(a name that is not valid Unicode)";
        }
    }
}
