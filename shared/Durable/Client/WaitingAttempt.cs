using Bibind.Durable.History;

namespace Bibind.Durable.Client;

/// <summary>An attempt at a call that failed before, for whose time an execution waits.</summary>
/// <param name="Name">The activity, or the child's orchestrator.</param>
/// <param name="Timer">The timer that waits.</param>
public sealed record WaitingAttempt(string Name, WaitingTimer Timer)
{
    /// <summary>The attempts that an execution waits for.</summary>
    /// <param name="history">Of the execution, in order.</param>
    public static IReadOnlyList<WaitingAttempt> In(IReadOnlyList<HistoryEvent> history)
    {
        ArgumentNullException.ThrowIfNull(history);
        var calls = new Dictionary<int, string>();
        var waits = new Dictionary<int, int>();
        foreach (var line in history)
        {
            switch (line)
            {
                case TaskScheduledEvent call:
                    calls[call.EventId] = call.Name;
                    break;
                case SubOrchestrationInstanceCreatedEvent call:
                    calls[call.EventId] = call.Name;
                    break;
                case TimerCreatedEvent { RetryOf: { } first } timer:
                    waits[timer.EventId] = first;
                    break;
            }
        }

        return
        [
            .. WaitingTimer.In(history)
                .Where(t => waits.TryGetValue(t.TimerId, out var first) && calls.ContainsKey(first))
                .Select(t => new WaitingAttempt(calls[waits[t.TimerId]], t)),
        ];
    }
}
