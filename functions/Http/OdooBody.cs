using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>
/// What is kept of a record: values that name something of ours, which is what an operator compares with what was meant. Of everything else there is
/// the kind of value only: it may be a person, an address or a secret, whatever the field is called.
/// </summary>
internal static class OdooBody
{
    private const int MostMembers = 50;
    private const int LongestName = 60;
    private const int LongestValue = 100;

    private static readonly string[] Frame = ["_model", "_id", "id", WebhookMapping.Action];

    private static readonly HashSet<string> Named = new(StringComparer.Ordinal)
    {
        WebhookFields.Event, WebhookFields.Code, "offer", WebhookFields.Plan, "template", "lang", "tz", "currency", "country", "region", WebhookFields.Period,
        WebhookFields.Domain, WebhookFields.Cause, WebhookFields.When, WebhookFields.WithoutBackup, WebhookFields.EventKey,
    };

    /// <summary>JSON text.</summary>
    public static string Show(JsonElement body, WebhookMapping mapping)
    {
        var shown = new JsonObject();
        var more = 0;
        foreach (var member in body.EnumerateObject())
        {
            var name = Cut(SecretText.Show(JsonWords.NameOf(member)), LongestName);
            if (shown.Count >= MostMembers)
            {
                more++;
            }
            else
            {
                var isNamed = Frame.Contains(name) || (mapping.MeaningOf(name) is { } meaning && Named.Contains(meaning));
                shown[name] = isNamed ? ValueOf(member.Value) : $"({JsonWords.Of(member.Value)})";
            }
        }

        if (more > 0)
        {
            shown["…"] = $"({more} more)";
        }

        return shown.ToJsonString(ApiJson.Options);
    }

    private static JsonNode? ValueOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => Cut(SecretText.Show(JsonWords.ReadText(value).Text), LongestValue),
        JsonValueKind.True or JsonValueKind.False => JsonValue.Create(value.ValueKind == JsonValueKind.True),
        JsonValueKind.Null => null,
        JsonValueKind.Number when value.TryGetInt64(out var number) => JsonValue.Create(number),
        _ => $"({JsonWords.Of(value)})",
    };

    private static string Cut(string text, int longest) =>
        text.Length <= longest ? text : text[..(char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)] + "…";
}
