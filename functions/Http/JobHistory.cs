using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.Durable.Execution;
using Bibind.Durable.History;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Http;

/// <summary>Lines of a job's history as people and replay tests read them.</summary>
public static class JobHistory
{
    /// <summary>
    /// The lines as JSON, their texts cut at <see cref="JobSteps.ErrorLimit"/> characters unless wanted whole. Credentials within
    /// addresses are left out for everybody: a replay does not need them.
    /// </summary>
    public static IReadOnlyList<JsonElement> Show(IReadOnlyList<HistoryEvent> lines, bool full)
    {
        var json = SecretText.Hide(JsonNode.Parse(HistoryReplay.Write(lines)))!;
        if (!full)
        {
            Cut(json);
        }

        return [.. json.Deserialize<JsonElement>().EnumerateArray()];
    }

    /// <summary>JSON text that a line holds, in the same way; what is no JSON becomes a text.</summary>
    public static JsonElement? Show(string? data)
    {
        if (data is null)
        {
            return null;
        }

        JsonNode? json;
        try
        {
            json = JsonNode.Parse(data);
        }
        catch (JsonException)
        {
            json = JsonValue.Create(data);
        }

        // In an array, so that a text that is the whole of it can be replaced, too.
        var held = new JsonArray(json);
        SecretText.Hide(held);
        Cut(held);
        return held.Deserialize<JsonElement>()[0];
    }

    private static void Cut(JsonNode node)
    {
        switch (node)
        {
            case JsonArray array:
                foreach (var item in array.OfType<JsonNode>().ToList())
                {
                    Cut(item);
                }

                break;
            case JsonObject members:
                foreach (var member in members.Select(m => m.Value).OfType<JsonNode>().ToList())
                {
                    Cut(member);
                }

                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String && value.GetValue<string>() is { Length: > JobSteps.ErrorLimit } text:
                value.ReplaceWith(JobSteps.Cut(text));
                break;
        }
    }
}
