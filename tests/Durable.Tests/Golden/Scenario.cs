using System.Text.Json.Nodes;

namespace Bibind.Durable.Tests.Golden;

/// <summary>A vector as an orchestrator of ours and the outside actions upon it.</summary>
/// <param name="Name">The vector.</param>
/// <param name="PlayAsync">Registers the code, starts, acts and waits for the end.</param>
internal sealed record Scenario(string Name, Func<GoldenRun, Task> PlayAsync)
{
    private readonly List<(string Reason, Action<JsonObject> Change)> _differences = [];

    /// <summary>True: what is observed depends on the code being replayed at every turn.</summary>
    public bool ReplaysEveryTurn { get; init; }

    /// <summary>Where we differ on purpose, and why; the vector itself is never edited.</summary>
    public Scenario Differs(string reason, Action<JsonObject> change)
    {
        Assert.False(string.IsNullOrWhiteSpace(reason));
        _differences.Add((reason, change));
        return this;
    }

    /// <summary>Changes what the vector says into what we mean to do.</summary>
    public string Apply(JsonObject expected)
    {
        foreach (var (_, change) in _differences)
        {
            change(expected);
        }

        return string.Join("; ", _differences.Select(d => d.Reason));
    }
}

/// <summary>Small edits of an expectation.</summary>
internal static class Expectations
{
    /// <summary>The lines of the only, or the numbered, execution of the instance under test.</summary>
    public static JsonArray Lines(this JsonObject expected, int execution = 0) => expected["executions"]![execution]!.AsArray();

    public static JsonObject Outcome(this JsonObject expected) => expected["outcome"]!.AsObject();

    public static JsonObject Completed(this JsonObject expected, int execution = 0) =>
        expected.Lines(execution).Select(l => l!.AsObject()).Last(l => (string?)l["eventType"] == "ExecutionCompleted");

    public static JsonObject Failure(string errorType, string message, bool nonRetriable = false, bool hasStack = true, JsonNode? inner = null) => new()
    {
        ["errorType"] = errorType,
        ["errorMessage"] = message,
        ["stackTrace"] = hasStack ? "<stack>" : null,
        ["isNonRetriable"] = nonRetriable,
        ["innerFailure"] = inner,
    };
}
