using System.Globalization;
using System.Text.Json;

namespace Bibind.Functions.Hosts;

/// <summary>Reads what hosts wrap once more than anybody asked for: numbers and texts that arrive as strings of JSON.</summary>
internal static class TolerantJson
{
    /// <summary>The text that was meant: a string's own, a string within a string, or the JSON of anything else; null if there is none.</summary>
    public static string? Text(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null => null,
        JsonValueKind.String => Unwrap(element.GetString()!),
        _ => element.GetRawText(),
    };

    /// <summary>The number that was meant; null if there is none.</summary>
    public static int? Number(JsonElement element) =>
        int.TryParse(Text(element), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>A member, or nothing.</summary>
    public static JsonElement Member(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var member) ? member : default;

    // Only a string in a string was wrapped; the JSON text of an object is the message itself.
    private static string Unwrap(string text)
    {
        if (text.Length < 2 || text[0] != '"' || text[^1] != '"')
        {
            return text;
        }

        try
        {
            return JsonSerializer.Deserialize<string>(text) ?? text;
        }
        catch (JsonException)
        {
            return text;
        }
    }
}
