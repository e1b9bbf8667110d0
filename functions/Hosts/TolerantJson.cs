using System.Globalization;
using System.Text.Json;

namespace Bibind.Functions.Hosts;

/// <summary>Reads events that may lack what is asked for, or have it as another kind.</summary>
internal static class TolerantJson
{
    /// <summary>The number that was meant, also if it comes as text; null if there is none.</summary>
    public static int? Number(JsonElement element) =>
        int.TryParse(element.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>A member, or nothing.</summary>
    public static JsonElement Member(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var member) ? member : default;
}
