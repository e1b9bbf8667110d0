using Bibind.Durable.History;
using Bibind.Durable.Serialization;
using Microsoft.DurableTask;

namespace Bibind.Durable.Execution;

/// <summary>
/// Replays recorded histories into an orchestrator's present code: a test that fails here says that running instances
/// would fail too, before they do.
/// </summary>
public static class HistoryReplay
{
    /// <summary>A history as JSON text, to be kept beside the tests.</summary>
    public static string Write(IReadOnlyList<HistoryEvent> history) => HistoryJson.Write(history);

    /// <summary>A history from JSON text.</summary>
    public static IReadOnlyList<HistoryEvent> Read(string json) => HistoryJson.ReadMany(json);

    /// <summary>Checks that the code still decides what the history says, up to its end where that is recorded.</summary>
    /// <exception cref="NonDeterministicOrchestrationException">It does not; the message names both sides.</exception>
    /// <exception cref="ArgumentException">The history does not begin with the start of an execution.</exception>
    public static void Verify(ITaskOrchestrator orchestrator, IReadOnlyList<HistoryEvent> history)
    {
        ArgumentNullException.ThrowIfNull(orchestrator);
        ArgumentNullException.ThrowIfNull(history);
        if (!history.OfType<ExecutionStartedEvent>().Any())
        {
            throw new ArgumentException("The history does not hold the start of an execution.", nameof(history));
        }

        var execution = OrchestrationExecution.Replay(orchestrator, history, HubDataConverter.Default);
        if (history.LastOrDefault(l => l is ExecutionCompletedEvent or ContinueAsNewEvent) is { } end)
        {
            execution.VerifyEnd(end);
        }
    }
}
