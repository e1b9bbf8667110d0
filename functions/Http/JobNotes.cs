using System.Text.Json;
using Bibind.ControlPlane.Jobs;
using Bibind.Durable.History;
using Bibind.Durable.Hubs;

namespace Bibind.Functions.Http;

/// <summary>What the steps of a job, and the job itself, want to tell a person.</summary>
public static class JobNotes
{
    private const string Notes = "notes";
    private const string Note = "note";

    /// <summary>Those of the order first, then those of the job's result, then those of its steps that are not among them.</summary>
    public static IReadOnlyList<string> Read(Job job, OrchestrationState? instance, IReadOnlyList<HistoryEvent> history)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(history);
        return
        [
            .. job.Notes
                .Concat(In(job.Result))
                .Concat(In(instance?.SerializedOutput))
                .Concat(history.OfType<TaskCompletedEvent>().SelectMany(step => In(step.Result)))
                .Select(JobSteps.Cut)
                .Distinct(StringComparer.Ordinal),
        ];
    }

    private static IEnumerable<string> In(string? json)
    {
        // Most results are small and have neither.
        if (json is null || !json.Contains($"\"{Note}", StringComparison.Ordinal))
        {
            return [];
        }

        var result = JsonElement.Parse(json);
        return result.ValueKind != JsonValueKind.Object ? []
            : Texts(result, Notes).Concat(result.TryGetProperty(Note, out var note) && note.ValueKind == JsonValueKind.String ? [note.GetString()!] : []);
    }

    private static IEnumerable<string> Texts(JsonElement result, string property) =>
        result.TryGetProperty(property, out var list) && list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray().Where(t => t.ValueKind == JsonValueKind.String).Select(t => t.GetString()!)
            : [];
}
