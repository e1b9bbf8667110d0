using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Bibind.ControlPlane;

namespace Bibind.Functions.Problems;

/// <summary>
/// What is shown of texts that may hold credentials within addresses: user and password, queries, the paths of incoming webhooks,
/// and everything but the host of an address that a caller gave.
/// </summary>
public static partial class SecretText
{
    private const string Hidden = "…";

    // Names of members whose address is a caller's own: its path alone may let one in.
    private static readonly string[] CallerAddresses = ["callbackUrl", "callback_url", "CallbackUrl"];

    /// <summary>The text with its addresses shown only as far as anybody may see them, and nothing in it that cannot be seen.</summary>
    public static string Show(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return PlainText.Escape(HideAddresses(text), mayHaveLines: true);
    }

    /// <summary>Hides the same in every text of a document, JSON within texts included; the document is changed.</summary>
    public static JsonNode? Hide(JsonNode? node)
    {
        switch (node)
        {
            case JsonArray items:
                for (var index = 0; index < items.Count; index++)
                {
                    Replace(items[index], Hide(items[index]), shown => items[index] = shown);
                }

                return items;
            case JsonObject members:
                foreach (var (name, value) in members.ToList())
                {
                    Replace(value, CallerAddresses.Contains(name, StringComparer.Ordinal) ? HideCaller(value) : Hide(value), shown => members[name] = shown);
                }

                return members;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String && value.GetValue<string>() is var text:
                return HideIn(text) is { } shown ? JsonValue.Create(shown) : value;
            default:
                return node;
        }
    }

    private static void Replace(JsonNode? before, JsonNode? after, Action<JsonNode?> replace)
    {
        if (!ReferenceEquals(before, after))
        {
            replace(after);
        }
    }

    private static JsonNode? HideCaller(JsonNode? value) =>
        value?.GetValueKind() == JsonValueKind.String ? JsonValue.Create(HostOf(value.GetValue<string>())) : Hide(value);

    private static string HostOf(string url) => Uri.TryCreate(url, UriKind.Absolute, out var address)
        ? $"{address.Scheme}://{address.Authority}{(address.PathAndQuery + address.Fragment is "/" ? string.Empty : $"/{Hidden}")}"
        : Hidden;

    /// <summary>The text as it is shown; null if nothing in it is to be hidden.</summary>
    private static string? HideIn(string text)
    {
        if (text.AsSpan().TrimStart() is ['{' or '[', ..])
        {
            try
            {
                var json = JsonNode.Parse(text)!;
                var before = json.ToJsonString(ApiJson.Options);
                var after = Hide(json)!.ToJsonString(ApiJson.Options);
                return before == after ? null : after;
            }
            catch (Exception other) when (other is JsonException or ArgumentException)
            {
                // It only begins like JSON, or holds a member twice.
            }
        }

        return HideAddresses(text) is var shown && shown != text ? shown : null;
    }

    private static string HideAddresses(string text) =>
        text.Contains("://", StringComparison.Ordinal) || text.Contains("webhook", StringComparison.OrdinalIgnoreCase)
            ? HookPath().Replace(Address().Replace(text, HideParts), $"$1{Hidden}")
            : text;

    private static string HideParts(Match address)
    {
        var query = address.Groups["query"].Length > 0 ? $"?{Hidden}" : string.Empty;
        var user = address.Groups["user"].Length > 0 ? $"{Hidden}@" : string.Empty;
        return $"{address.Groups["scheme"]}{user}{address.Groups["host"]}{address.Groups["path"]}{query}";
    }

    [GeneratedRegex("""(?<scheme>\b[a-zA-Z][a-zA-Z0-9+.-]*://)(?:(?<user>[^\s/?#@"'<>]*)@)?(?<host>[^\s/?#"'<>]*)(?<path>[^\s?#"'<>]*)(?<query>[?#][^\s"'<>]*)?""", RegexOptions.None, 1000)]
    private static partial Regex Address();

    // Our own webhooks', and those of Odoo's automation rules.
    [GeneratedRegex("""((?:/webhooks/odoo/|/web/hook/))[^\s/?#"'<>]+""", RegexOptions.IgnoreCase, 1000)]
    private static partial Regex HookPath();
}
