using Bibind.Durable;
using Bibind.Durable.Client;
using Bibind.Durable.History;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Http;

/// <summary>One step of a job: an activity with all its attempts.</summary>
/// <param name="Name">The activity's name.</param>
/// <param name="State"><c>running</c>, <c>waiting-retry</c>, <c>succeeded</c> or <c>failed</c>.</param>
/// <param name="Attempts">How many times it was tried.</param>
/// <param name="StartedAt">When the first attempt was ordered, UTC.</param>
/// <param name="CompletedAt">When it ended for good, UTC.</param>
/// <param name="DurationMs">From the start to the end, or until now.</param>
/// <param name="Error">Why the last failed attempt failed.</param>
public sealed record JobStep(
    string Name, string State, int Attempts, DateTime StartedAt, DateTime? CompletedAt, long DurationMs, string? Error)
{
    /// <summary>Its place among the steps of the job, from 1: what it got and answered is below it.</summary>
    public int Number { get; init; }

    /// <summary>When the next attempt is due, UTC, for a step that waits for it.</summary>
    public DateTime? NextAttemptAt { get; init; }

    /// <summary>Each attempt, the first one first.</summary>
    public required IReadOnlyList<JobAttempt> AttemptList { get; init; }
}

/// <summary>One attempt at a step.</summary>
/// <param name="Number">From 1.</param>
/// <param name="StartedAt">When it was ordered, or began where that is known, UTC.</param>
/// <param name="CompletedAt">When it ended, UTC.</param>
/// <param name="Error">Why it failed.</param>
public sealed record JobAttempt(int Number, DateTime StartedAt, DateTime? CompletedAt, string? Error);

/// <summary>Reads the steps of a job out of its history.</summary>
public static class JobSteps
{
    /// <summary>A step that waits for its next attempt.</summary>
    public const string WaitingRetry = "waiting-retry";

    /// <summary>The longest error shown, in characters.</summary>
    public const int ErrorLimit = 2000;

    // A step is tried thirty times at most; those of a loop are steps of their own.
    private const int MostAttempts = 100;

    /// <summary>The steps in the order they were ordered.</summary>
    /// <param name="history">The history of the execution.</param>
    /// <param name="ended">True if the execution has ended: what is open then will not go on.</param>
    /// <param name="now">The time now, UTC.</param>
    public static IReadOnlyList<JobStep> Read(IReadOnlyList<HistoryEvent> history, bool ended, DateTime now)
    {
        ArgumentNullException.ThrowIfNull(history);
        var outcomes = Outcomes(history);
        var waiting = WaitingTimer.In(history).Select(t => t.TimerId).ToHashSet();
        return
        [
            .. Attempts(history)
                .Select(attempts => ToStep(attempts, outcomes, FindWait(history, waiting, ended, attempts), ended, now)),
        ];
    }

    /// <summary>What a step got, and what it answered, as JSON text; null where there is none.</summary>
    /// <param name="history">The history of the execution.</param>
    /// <param name="index">Which of the steps that <see cref="Read"/> answers.</param>
    public static (string? Input, string? Output) ReadData(IReadOnlyList<HistoryEvent> history, int index)
    {
        ArgumentNullException.ThrowIfNull(history);
        var last = Attempts(history).ElementAt(index)[^1];
        return (last.Input, (Outcomes(history).GetValueOrDefault(last.EventId) as TaskCompletedEvent)?.Result);
    }

    /// <summary>When the next attempt at any step that waits for one is due, UTC; null if none waits.</summary>
    public static DateTime? NextAttempt(IEnumerable<JobStep> steps) => steps.Where(s => s.State == WaitingRetry).Min(s => s.NextAttemptAt);

    private static IEnumerable<IReadOnlyList<TaskScheduledEvent>> Attempts(IReadOnlyList<HistoryEvent> history) =>
        history.OfType<TaskScheduledEvent>().GroupBy(s => s.FirstAttemptId ?? s.EventId).OrderBy(g => g.Key).Select(g => g.OrderBy(a => a.EventId).ToArray());

    // Duplicate completions are ignored by the executor, which takes the first; so does this.
    private static Dictionary<int, HistoryEvent> Outcomes(IReadOnlyList<HistoryEvent> history)
    {
        var outcomes = new Dictionary<int, HistoryEvent>();
        foreach (var line in history)
        {
            if (line is TaskCompletedEvent completed)
            {
                outcomes.TryAdd(completed.TaskScheduledId, completed);
            }
            else if (line is TaskFailedEvent failed)
            {
                outcomes.TryAdd(failed.TaskScheduledId, failed);
            }
        }

        return outcomes;
    }

    // The wait before a retry is a timer that is ordered in the turn that takes in the failure. The turn may order other
    // things as well, so a failure whose turn is still to come, or which set a timer that has not fired, counts as waiting; not every timer says
    // whose wait it is.
    private static (bool Waits, DateTime? Until) FindWait(
        IReadOnlyList<HistoryEvent> history, HashSet<int> waiting, bool ended, IReadOnlyList<TaskScheduledEvent> attempts)
    {
        if (ended)
        {
            return default;
        }

        var failedAt = IndexOf(history, line => line is TaskFailedEvent f && f.TaskScheduledId == attempts[^1].EventId, 0);
        if (failedAt < 0 || !IsRetriable((TaskFailedEvent)history[failedAt]))
        {
            return default;
        }

        var turnEnd = IndexOf(history, line => line is OrchestratorCompletedEvent, failedAt);
        if (turnEnd < 0)
        {
            return (true, null);
        }

        var timers = history.Take(turnEnd).Skip(failedAt).OfType<TimerCreatedEvent>()
            .Where(t => waiting.Contains(t.EventId) && (t.RetryOf is null || t.RetryOf == attempts[0].EventId)).ToArray();
        return timers.Length == 0 ? default : (true, timers.Min(t => t.FireAt));
    }

    private static bool IsRetriable(TaskFailedEvent failed) => failed.FailureDetails is not { IsNonRetriable: true };

    private static int IndexOf(IReadOnlyList<HistoryEvent> history, Func<HistoryEvent, bool> wanted, int from)
    {
        for (var index = from; index < history.Count; index++)
        {
            if (wanted(history[index]))
            {
                return index;
            }
        }

        return -1;
    }

    private static JobStep ToStep(
        IReadOnlyList<TaskScheduledEvent> attempts, Dictionary<int, HistoryEvent> outcomes, (bool Waits, DateTime? Until) wait, bool ended, DateTime now)
    {
        var outcome = outcomes.GetValueOrDefault(attempts[^1].EventId);
        var state = outcome switch
        {
            TaskCompletedEvent => "succeeded",
            TaskFailedEvent when wait.Waits => WaitingRetry,
            TaskFailedEvent => "failed",
            // The job was ended from outside while the step was open.
            _ when ended => "failed",
            _ => "running",
        };
        var failure = attempts.Select(a => outcomes.GetValueOrDefault(a.EventId)).OfType<TaskFailedEvent>().LastOrDefault();
        var completedAt = state is "succeeded" or "failed" ? outcome?.Timestamp : null;
        var startedAt = attempts[0].Timestamp;
        return new JobStep(
            attempts[0].Name,
            state,
            attempts.Count,
            startedAt,
            completedAt,
            Math.Max(0, (long)((completedAt ?? (ended ? startedAt : now)) - startedAt).TotalMilliseconds),
            failure is null ? outcome is null && ended ? "The job ended before this step did." : null : Cut(ReasonOf(failure)))
        {
            NextAttemptAt = state == WaitingRetry ? wait.Until : null,
            AttemptList = [.. attempts.Select((a, index) => ToAttempt(index + 1, a, outcomes.GetValueOrDefault(a.EventId))).TakeLast(MostAttempts)],
        };
    }

    private static JobAttempt ToAttempt(int number, TaskScheduledEvent attempt, HistoryEvent? outcome) => new(
        number,
        (outcome as TaskCompletedEvent)?.StartedAt ?? (outcome as TaskFailedEvent)?.StartedAt ?? attempt.Timestamp,
        outcome?.Timestamp,
        outcome is TaskFailedEvent failed ? Cut(ReasonOf(failed)) : null);

    private static string ReasonOf(TaskFailedEvent failed) => failed.FailureDetails?.Root.ErrorMessage ?? failed.Reason ?? "unknown";

    /// <summary>Text as people may see it, cut at <see cref="ErrorLimit"/> characters, never inside a pair of surrogates.</summary>
    public static string Cut(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        text = SecretText.Show(text);
        return text.Length <= ErrorLimit ? text : text[..(char.IsHighSurrogate(text[ErrorLimit - 1]) ? ErrorLimit - 1 : ErrorLimit)] + "…";
    }
}
