using System.Text.Json.Nodes;
using Bibind.Durable.History;
using Microsoft.DurableTask;

namespace Bibind.Durable.Tests.Golden;

/// <summary>
/// Writes executions the way the vectors do (their README, "Normalisation"). Our additional optional fields (attempt,
/// start times, trace context) are left out.
/// </summary>
internal static class HistoryNormaliser
{
    public static JsonArray Write(RecordedExecution execution)
    {
        var lines = new JsonArray();
        var clock = default(DateTime);
        foreach (var line in execution.Events)
        {
            clock = line is OrchestratorStartedEvent ? line.Timestamp : clock;
            lines.Add(Write(line, clock));
        }

        return lines;
    }

    public static JsonNode? Write(TaskFailureDetails? failure) => failure is null ? null : new JsonObject
    {
        ["errorType"] = failure.ErrorType,
        ["errorMessage"] = failure.ErrorMessage,
        ["stackTrace"] = failure.StackTrace is null ? null : "<stack>",
        ["isNonRetriable"] = failure.IsNonRetriable,
        ["innerFailure"] = Write(failure.InnerFailure),
    };

    private static JsonObject Write(HistoryEvent line, DateTime clock)
    {
        var json = new JsonObject { ["eventType"] = line.GetType().Name[..^"Event".Length], ["eventId"] = line.EventId };
        switch (line)
        {
            case ExecutionStartedEvent e:
                (json["name"], json["version"], json["input"]) = (e.Name, e.Version, e.Input);
                (json["instanceId"], json["executionId"]) = (e.InstanceId, e.ExecutionId);
                json["parent"] = e.Parent is not { } parent ? null : new JsonObject
                {
                    ["name"] = parent.Name,
                    ["version"] = parent.Version,
                    ["taskScheduleId"] = parent.TaskScheduledId,
                    ["instanceId"] = parent.InstanceId,
                    ["executionId"] = parent.ExecutionId,
                };
                json["tags"] = Write(e.Tags);
                break;
            case TaskScheduledEvent e:
                (json["name"], json["version"], json["input"]) = (e.Name, e.Version, e.Input);
                AddTags(json, e.Tags);
                break;
            case TaskCompletedEvent e:
                (json["taskScheduledId"], json["result"]) = (e.TaskScheduledId, e.Result);
                break;
            case TaskFailedEvent e:
                (json["taskScheduledId"], json["reason"], json["details"], json["failureDetails"]) = (e.TaskScheduledId, e.Reason, null, Write(e.FailureDetails));
                break;
            case SubOrchestrationInstanceCreatedEvent e:
                (json["name"], json["version"], json["instanceId"], json["input"]) = (e.Name, e.Version, e.InstanceId, e.Input);
                AddTags(json, e.Tags);
                break;
            case SubOrchestrationInstanceCompletedEvent e:
                (json["taskScheduledId"], json["result"]) = (e.TaskScheduledId, e.Result);
                break;
            case SubOrchestrationInstanceFailedEvent e:
                (json["taskScheduledId"], json["reason"], json["details"], json["failureDetails"]) = (e.TaskScheduledId, e.Reason, null, Write(e.FailureDetails));
                break;
            case TimerCreatedEvent e:
                json["delayMs"] = (e.FireAt - clock).TotalMilliseconds;
                break;
            case TimerFiredEvent e:
                json["timerId"] = e.TimerId;
                break;
            case EventRaisedEvent e:
                (json["name"], json["input"]) = (e.Name, e.Input);
                break;
            case EventSentEvent e:
                (json["instanceId"], json["name"], json["input"]) = (e.InstanceId, e.Name, e.Input);
                break;
            case ExecutionSuspendedEvent e:
                json["reason"] = e.Reason;
                break;
            case ExecutionResumedEvent e:
                json["reason"] = e.Reason;
                break;
            case ExecutionTerminatedEvent e:
                json["input"] = e.Input;
                break;
            case ContinueAsNewEvent e:
                (json["orchestrationStatus"], json["result"]) = ("ContinuedAsNew", e.Result);
                break;
            case ExecutionCompletedEvent e:
                (json["orchestrationStatus"], json["result"], json["failureDetails"]) = (e.OrchestrationStatus.ToString(), e.Result, Write(e.FailureDetails));
                break;
        }

        return json;
    }

    private static void AddTags(JsonObject json, IReadOnlyDictionary<string, string>? tags)
    {
        // The vectors leave empty tags out.
        if (tags is { Count: > 0 })
        {
            json["tags"] = Write(tags);
        }
    }

    private static JsonObject? Write(IReadOnlyDictionary<string, string>? tags) =>
        tags is null ? null : new JsonObject(tags.Select(t => KeyValuePair.Create(t.Key, (JsonNode?)t.Value)));
}
