using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Bibind.ControlPlane.Jobs;
using Bibind.Durable;
using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Bibind.Functions.Problems;
using Microsoft.DurableTask.Client;

namespace Bibind.Functions.Http;

/// <summary>A job as people see it, without its steps.</summary>
public record JobSummary
{
    public required string Id { get; init; }

    /// <summary>One of <see cref="JobKinds"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>The tenant's code, for a tenant's job.</summary>
    public string? Tenant { get; init; }

    /// <summary>What it is about: a tenant's code, a domain, or <c>server/template</c>.</summary>
    public required string Subject { get; init; }

    /// <summary>One of <see cref="JobStates"/>.</summary>
    public required string State { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>From the order to the end, or until now.</summary>
    public required long DurationMs { get; init; }
    public required string RequestedBy { get; init; }

    /// <summary>Why it failed, in words.</summary>
    public string? Reason { get; init; }

    /// <summary>When the next attempt at a step that waits for one is due.</summary>
    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>When somebody cancelled it; it ends once what it did is undone.</summary>
    public DateTimeOffset? CancelRequestedAt { get; init; }

    /// <summary>The failed job whose order this one is again.</summary>
    public string? RetryOf { get; init; }

    /// <summary>The job that is this one's order again.</summary>
    public string? RetriedBy { get; init; }
}

/// <summary>A job with its steps, its result and the proof of what it left.</summary>
public sealed record JobView : JobSummary
{
    /// <summary>What came of it.</summary>
    [JsonPropertyOrder(1)]
    public JsonElement? Result { get; init; }

    /// <summary>What it has to tell: what was ignored, left for later or is to be done by hand.</summary>
    [JsonPropertyOrder(1)]
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Proof of what was left when it ended.</summary>
    [JsonPropertyOrder(1)]
    public JsonElement? Inventory { get; init; }

    /// <summary>The job that started it.</summary>
    [JsonPropertyOrder(1)]
    public string? Parent { get; init; }

    /// <summary>The trace that it belongs to (W3C), where that is known; customers are not told.</summary>
    [JsonPropertyOrder(1)]
    public string? TraceId { get; init; }

    /// <summary>The jobs that it started, oldest first.</summary>
    [JsonPropertyOrder(1)]
    public required IReadOnlyList<string> Children { get; init; }

    /// <summary>What people did to it, oldest first.</summary>
    [JsonPropertyOrder(1)]
    public required IReadOnlyList<JobActionView> Actions { get; init; }

    /// <summary>Those that did what was ordered, then those that undo it where that is a run of its own.</summary>
    [JsonPropertyOrder(2)]
    public required IReadOnlyList<JobStep> Steps { get; init; }
}

/// <summary>What somebody did to a job.</summary>
/// <param name="At">When.</param>
/// <param name="Who">The caller's name.</param>
/// <param name="Action"><c>retry</c>, <c>cancel</c>, <c>run-now</c>, <c>fail-now</c>, <c>pause</c>, <c>resume</c> or <c>again</c>.</param>
/// <param name="Reason">Why, if they said so.</param>
public sealed record JobActionView(DateTimeOffset At, string Who, string Action, string? Reason);

/// <summary>The states of a job.</summary>
public static class JobStates
{
    public const string Pending = "pending";
    public const string Running = "running";
    public const string Suspended = "suspended";

    /// <summary>Running, and some step waits for its next attempt.</summary>
    public const string Retrying = "retrying";

    /// <summary>States of a job that has not ended.</summary>
    public static IReadOnlyList<string> Open { get; } = [Pending, Running, Retrying, Suspended];

    /// <summary>Every state.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Open, JobOutcomes.Succeeded, JobOutcomes.Failed, JobOutcomes.Cancelled];

    /// <summary>
    /// The state of a job: what its row says once it is closed, for what the job was for is done then; before that,
    /// what its orchestration does.
    /// </summary>
    public static string Of(Job job, OrchestrationState? instance, DateTime? nextAttempt = null)
    {
        ArgumentNullException.ThrowIfNull(job);
        return job.Outcome ?? instance?.RuntimeStatus switch
        {
            // It goes on until what it did is undone.
            not null and not OrchestrationRuntimeStatus.Suspended when job.CancelRequestedAt is not null => Running,
            null or OrchestrationRuntimeStatus.Pending => Pending,
            OrchestrationRuntimeStatus.Suspended => Suspended,
            OrchestrationRuntimeStatus.Completed => JobOutcomes.Succeeded,
            OrchestrationRuntimeStatus.Failed => JobOutcomes.Failed,
            OrchestrationRuntimeStatus.Terminated => JobOutcomes.Cancelled,
            _ => nextAttempt is null ? Running : Retrying,
        };
    }
}

/// <summary>All that is known about a job.</summary>
/// <param name="Job">Its row.</param>
/// <param name="Instance">What goes about it now: its orchestration, or that which undoes it.</param>
/// <param name="History">What its orchestration did.</param>
/// <param name="Undoing">What the orchestration did that undoes it.</param>
/// <param name="HasEnded">True if its own orchestration has ended.</param>
public sealed record JobDetails(
    Job Job, OrchestrationState? Instance, IReadOnlyList<HistoryEvent> History, IReadOnlyList<HistoryEvent> Undoing, bool HasEnded)
{
    public IReadOnlyList<JobAction> Actions { get; init; } = [];
    public IReadOnlyList<string> Children { get; init; } = [];

    /// <summary>The trace that its orchestration belongs to, as 32 hexadecimal digits; null where that is not known.</summary>
    public string? TraceId => ActivityContext.TryParse(History.OfType<ExecutionStartedEvent>().FirstOrDefault()?.TraceParent, null, out var trace) ? trace.TraceId.ToHexString() : null;

    /// <summary>The steps, as they stood after so many lines of history.</summary>
    public IReadOnlyList<JobStep> StepsAfter(int lines, DateTimeOffset now) => lines >= History.Count + Undoing.Count
        ? Steps(now)
        : Number(
            JobSteps.Read([.. History.Take(lines)], HasEnded && lines >= History.Count, now.UtcDateTime),
            JobSteps.Read([.. Undoing.Take(Math.Max(0, lines - History.Count))], ended: false, now.UtcDateTime));

    /// <summary>The steps.</summary>
    public IReadOnlyList<JobStep> Steps(DateTimeOffset now) => Number(
        JobSteps.Read(History, HasEnded, now.UtcDateTime), JobSteps.Read(Undoing, Instance is { IsCompleted: true }, now.UtcDateTime));

    /// <summary>A step with what it got and what it answered; null if there is none of this number.</summary>
    public JobStepView? Step(int number, DateTimeOffset now)
    {
        if (Steps(now).ElementAtOrDefault(number - 1) is not { } step)
        {
            return null;
        }

        var own = JobSteps.Read(History, HasEnded, now.UtcDateTime).Count;
        var (input, output) = number <= own ? JobSteps.ReadData(History, number - 1) : JobSteps.ReadData(Undoing, number - 1 - own);
        return new JobStepView(step, JobHistory.Show(input), JobHistory.Show(output));
    }

    private static IReadOnlyList<JobStep> Number(IReadOnlyList<JobStep> own, IReadOnlyList<JobStep> undoing) =>
        [.. own.Concat(undoing).Select((step, index) => step with { Number = index + 1 })];
}

/// <summary>A step with what it got and what it answered.</summary>
/// <param name="Step">The step.</param>
/// <param name="Input">What its last attempt got, without secrets, long texts cut; null if nothing.</param>
/// <param name="Output">What it answered, in the same way; null until it has.</param>
public sealed record JobStepView(JobStep Step, JsonElement? Input, JsonElement? Output);

/// <summary>Puts a job together from its row, its orchestration and that one's history.</summary>
public static class JobViews
{
    /// <summary>Without steps.</summary>
    /// <param name="job">Its row.</param>
    /// <param name="instance">What goes about it now.</param>
    /// <param name="nextAttempt">When the next attempt at a step is due, UTC.</param>
    /// <param name="now">The time.</param>
    public static JobSummary Summarise(Job job, OrchestrationState? instance, DateTime? nextAttempt, DateTimeOffset now)
    {
        var facts = Facts.Of(job, instance, nextAttempt, now);
        return new JobSummary
        {
            Id = job.Id,
            Kind = job.Kind,
            Tenant = job.TenantCode,
            Subject = job.Subject,
            State = facts.State,
            CreatedAt = job.CreatedAt,
            CompletedAt = facts.CompletedAt,
            DurationMs = facts.DurationMs,
            RequestedBy = job.RequestedBy,
            Reason = facts.Reason,
            NextAttemptAt = facts.NextAttemptAt,
            CancelRequestedAt = job.CancelRequestedAt,
            RetryOf = job.RetryOf,
            RetriedBy = job.RetriedBy,
        };
    }

    /// <summary>With steps.</summary>
    public static JobView Show(JobDetails details, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(details);
        var (job, instance) = (details.Job, details.Instance);
        var steps = details.Steps(now);
        var facts = Facts.Of(job, instance, JobSteps.NextAttempt(steps), now);
        return new JobView
        {
            Id = job.Id,
            Kind = job.Kind,
            Tenant = job.TenantCode,
            Subject = job.Subject,
            State = facts.State,
            CreatedAt = job.CreatedAt,
            CompletedAt = facts.CompletedAt,
            DurationMs = facts.DurationMs,
            RequestedBy = job.RequestedBy,
            Reason = facts.Reason,
            NextAttemptAt = facts.NextAttemptAt,
            CancelRequestedAt = job.CancelRequestedAt,
            RetryOf = job.RetryOf,
            RetriedBy = job.RetriedBy,
            Result = Parse(job.Result),
            Inventory = Proof(job),
            Notes = JobNotes.Read(job, instance, [.. details.History, .. details.Undoing]),
            Parent = job.Parent,
            TraceId = details.TraceId,
            Children = details.Children,
            Actions = [.. details.Actions.Select(a => new JobActionView(a.At, a.Who, a.Action, a.Reason))],
            Steps = steps,
        };
    }

    // A removal of an earlier version that gave up before it asked the servers called its empty list clean.
    private static JsonElement? Proof(Job job)
    {
        if (job is not { Kind: JobKinds.Destroy, Outcome: JobOutcomes.Failed, Inventory: { } stored } || job.ReadInventory() is not { Items.Count: 0 })
        {
            return Parse(job.Inventory);
        }

        var proof = JsonNode.Parse(stored)!.AsObject();
        proof["isClean"] = false;
        return Parse(proof.ToJsonString());
    }

    private static JsonElement? Parse(string? json) =>
        json is null ? null : SecretText.Hide(JsonNode.Parse(json)).Deserialize<JsonElement>();

    private readonly record struct Facts(string State, DateTimeOffset? CompletedAt, long DurationMs, string? Reason, DateTimeOffset? NextAttemptAt)
    {
        public static Facts Of(Job job, OrchestrationState? instance, DateTime? nextAttempt, DateTimeOffset now)
        {
            ArgumentNullException.ThrowIfNull(job);
            var state = JobStates.Of(job, instance, nextAttempt);
            var completedAt = job.FinishedAt ?? (JobStates.Open.Contains(state) ? null : instance?.CompletedAt);
            var reason = job.Reason ?? (state == JobOutcomes.Failed ? instance?.FailureDetails?.Root.ErrorMessage : null);
            return new Facts(
                state,
                completedAt,
                Math.Max(0, (long)((completedAt ?? now) - job.CreatedAt).TotalMilliseconds),
                reason is null ? null : JobSteps.Cut(reason),
                job.Outcome is null && nextAttempt is { } due ? new DateTimeOffset(due, TimeSpan.Zero) : null);
        }
    }
}
