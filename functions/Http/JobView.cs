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

    [JsonPropertyOrder(2)]
    public required IReadOnlyList<JobStep> Steps { get; init; }
}

/// <summary>The states of a job.</summary>
public static class JobStates
{
    public const string Pending = "pending";
    public const string Running = "running";
    public const string Suspended = "suspended";

    /// <summary>States of a job that has not ended.</summary>
    public static IReadOnlyList<string> Open { get; } = [Pending, Running, Suspended];

    /// <summary>Every state.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Open, JobOutcomes.Succeeded, JobOutcomes.Failed, JobOutcomes.Cancelled];

    /// <summary>
    /// The state of a job: what its row says once it is closed, for what the job was for is done then; before that,
    /// what its orchestration does.
    /// </summary>
    public static string Of(Job job, OrchestrationState? instance)
    {
        ArgumentNullException.ThrowIfNull(job);
        return job.Outcome ?? instance?.RuntimeStatus switch
        {
            null or OrchestrationRuntimeStatus.Pending => Pending,
            OrchestrationRuntimeStatus.Suspended => Suspended,
            OrchestrationRuntimeStatus.Completed => JobOutcomes.Succeeded,
            OrchestrationRuntimeStatus.Failed => JobOutcomes.Failed,
            OrchestrationRuntimeStatus.Terminated => JobOutcomes.Cancelled,
            _ => Running,
        };
    }
}

/// <summary>Puts a job together from its row, its orchestration and that one's history.</summary>
public static class JobViews
{
    /// <summary>Without steps.</summary>
    public static JobSummary Summarise(Job job, OrchestrationState? instance, DateTimeOffset now)
    {
        var facts = Facts.Of(job, instance, now);
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
        };
    }

    /// <summary>With steps.</summary>
    public static JobView Show(Job job, OrchestrationState? instance, IReadOnlyList<HistoryEvent> history, DateTimeOffset now)
    {
        var facts = Facts.Of(job, instance, now);
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
            Result = Parse(job.Result),
            Inventory = Proof(job),
            Notes = JobNotes.Read(job, instance, history),
            Steps = JobSteps.Read(history, instance?.IsCompleted ?? false, now.UtcDateTime),
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

    private readonly record struct Facts(string State, DateTimeOffset? CompletedAt, long DurationMs, string? Reason)
    {
        public static Facts Of(Job job, OrchestrationState? instance, DateTimeOffset now)
        {
            ArgumentNullException.ThrowIfNull(job);
            var state = JobStates.Of(job, instance);
            var completedAt = job.FinishedAt ?? instance?.CompletedAt;
            var reason = job.Reason ?? (state == JobOutcomes.Failed ? instance?.FailureDetails?.Root.ErrorMessage : null);
            return new Facts(
                state,
                completedAt,
                Math.Max(0, (long)((completedAt ?? now) - job.CreatedAt).TotalMilliseconds),
                reason is null ? null : JobSteps.Cut(reason));
        }
    }
}
