using System.Diagnostics;
using System.Diagnostics.Metrics;
using Bibind.Durable.History;
using Bibind.Durable.Hubs;

namespace Bibind.Durable.Telemetry;

/// <summary>
/// Traces and metrics of the runtime, through the source and the meter named <see cref="Name"/>. Nothing is made unless
/// someone listens.
/// </summary>
/// <remarks>
/// A trace is an orchestration, whichever machines it runs on and however often they are restarted: its context is the
/// first line of the history. The span of the start comes first; a span for each attempt of an activity and, at the end,
/// one for the whole orchestration are its children.
/// </remarks>
public static class DurableTelemetry
{
    /// <summary>The name of the trace source and of the meter.</summary>
    public const string Name = "Bibind.Durable";

    private static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);
    private static readonly Counter<long> Started = Meter.CreateCounter<long>("durable.orchestrations.started", "{orchestration}", "Orchestrations started by this process");
    private static readonly Counter<long> Ended = Meter.CreateCounter<long>("durable.orchestrations.ended", "{orchestration}", "Orchestrations that ended in this process, by status");
    private static readonly Histogram<double> TurnDuration = Meter.CreateHistogram<double>("durable.turn.duration", "s", "Time the orchestrator's code took for a turn");
    private static readonly Histogram<double> ActivityDuration = Meter.CreateHistogram<double>("durable.activity.duration", "s", "Time an attempt of an activity took, by outcome");
    private static readonly Counter<long> Retries = Meter.CreateCounter<long>("durable.activity.retries", "{attempt}", "Attempts after the first");
    private static readonly Counter<long> Failures = Meter.CreateCounter<long>("durable.activity.failures", "{attempt}", "Attempts that failed");

    internal static Meter Instruments => Meter;

    /// <summary>Begins the trace of a new orchestration; its context goes into the history.</summary>
    internal static (Activity? Span, string TraceParent) Start(string orchestrator, string instanceId)
    {
        Started.Add(1, new KeyValuePair<string, object?>("durable.orchestrator", orchestrator));
        var span = Source.StartActivity($"start {orchestrator}", ActivityKind.Producer);
        span?.SetTag("durable.instance_id", instanceId);
        // Without a listener here there may be one where the work is done, and its spans belong together all the same.
        return (span, span?.Id ?? Activity.Current?.Id ?? $"00-{ActivityTraceId.CreateRandom().ToHexString()}-{ActivitySpanId.CreateRandom().ToHexString()}-01");
    }

    /// <summary>The span of an attempt; effects that are traced themselves become its children.</summary>
    internal static Activity? StartAttempt(LeasedActivity activity)
    {
        if (activity.Scheduled.Attempt > 1)
        {
            Retries.Add(1, Named(activity));
        }

        var span = Source.StartActivity($"activity {activity.Scheduled.Name}", ActivityKind.Internal, activity.TraceParent);
        return span?.SetTag("durable.instance_id", activity.InstanceId)
            .SetTag("durable.activity", activity.Scheduled.Name)
            .SetTag("durable.attempt", activity.Scheduled.Attempt)
            .SetTag("durable.delivery", activity.Deliveries);
    }

    /// <summary>An attempt ended; the reason is words for people, as the history has them.</summary>
    internal static void EndAttempt(Activity? span, LeasedActivity activity, TimeSpan took, HistoryEvent? answer)
    {
        var outcome = answer switch
        {
            TaskCompletedEvent => "completed",
            TaskFailedEvent => "failed",
            _ => "given back",
        };
        ActivityDuration.Record(took.TotalSeconds, Named(activity), new KeyValuePair<string, object?>("durable.outcome", outcome));
        span?.SetTag("durable.outcome", outcome);
        if (answer is TaskFailedEvent failed)
        {
            Failures.Add(1, Named(activity));
            span?.SetStatus(ActivityStatusCode.Error, failed.FailureDetails?.Root.ErrorMessage ?? failed.Reason);
        }

        span?.Dispose();
    }

    internal static void RecordTurn(string orchestrator, TimeSpan took) =>
        TurnDuration.Record(took.TotalSeconds, new KeyValuePair<string, object?>("durable.orchestrator", orchestrator));

    /// <summary>The span of the whole orchestration, made when its end is committed.</summary>
    internal static void End(ExecutionStartedEvent started, InstanceUpdate update)
    {
        Ended.Add(1, new("durable.orchestrator", started.Name), new("durable.status", update.Status.ToString()));
        ActivityContext.TryParse(started.TraceParent, null, isRemote: true, out var parent);
        using var span = Source.StartActivity($"orchestration {started.Name}", ActivityKind.Server, parent, startTime: started.Timestamp);
        span?.SetTag("durable.instance_id", started.InstanceId).SetTag("durable.status", update.Status.ToString());
        if (update.FailureDetails is { } failure)
        {
            span?.SetStatus(ActivityStatusCode.Error, failure.Root.ErrorMessage);
        }
    }

    private static KeyValuePair<string, object?> Named(LeasedActivity activity) => new("durable.activity", activity.Scheduled.Name);
}
