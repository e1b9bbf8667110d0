using System.Text.Json;
using System.Text.Json.Serialization;
using Bibind.Durable.History;
using Microsoft.DurableTask;

namespace Bibind.Durable.Serialization;

/// <summary>How history events are stored: camel case, nulls left out, one JSON array a turn.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    Converters = [typeof(FailureJsonConverter)])]
[JsonSerializable(typeof(HistoryEvent))]
[JsonSerializable(typeof(IReadOnlyList<HistoryEvent>))]
[JsonSerializable(typeof(List<HistoryEvent>))]
[JsonSerializable(typeof(TaskFailureDetails))]
[JsonSerializable(typeof(TaskScheduledEvent))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
internal sealed partial class HistoryJson : JsonSerializerContext
{
    public static string Write(HistoryEvent line) => JsonSerializer.Serialize(line, Default.HistoryEvent);

    public static string Write(IReadOnlyList<HistoryEvent> lines) => JsonSerializer.Serialize(lines, Default.IReadOnlyListHistoryEvent);

    public static HistoryEvent Read(string json) => JsonSerializer.Deserialize(json, Default.HistoryEvent)!;

    public static List<HistoryEvent> ReadMany(string json) => JsonSerializer.Deserialize(json, Default.ListHistoryEvent)!;

    public static string? Write(TaskFailureDetails? failure) => failure is null ? null : JsonSerializer.Serialize(failure, Default.TaskFailureDetails);

    public static TaskFailureDetails? ReadFailure(string? json) => json is null ? null : JsonSerializer.Deserialize(json, Default.TaskFailureDetails);

    public static string Write(IReadOnlyDictionary<string, string>? tags) =>
        tags is null ? "{}" : JsonSerializer.Serialize(tags, Default.IReadOnlyDictionaryStringString);

    public static IReadOnlyDictionary<string, string> ReadTags(string json) => JsonSerializer.Deserialize(json, Default.DictionaryStringString)!;
}
