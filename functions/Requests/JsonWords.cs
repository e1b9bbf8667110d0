using System.Text.Json;

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
        JsonValueKind.True or JsonValueKind.False => "true or false",
        _ => "null",
    };

    /// <summary>The text; or what is wrong with it: half a surrogate pair, or characters that neither PostgreSQL nor a person can take.</summary>
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

        return text.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t'))
            ? (string.Empty, "must not hold control characters")
            : (text, null);
    }

    /// <summary>A member's name, shown safely.</summary>
    public static string NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException)
        {
            return "(a name that is not valid Unicode)";
        }
    }
}
