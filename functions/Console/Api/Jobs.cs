using System.Text.Json;

namespace Bibind.WebConsole.Api;

/// <summary>A job, as lists and its own page show it.</summary>
public sealed record Job
{
    public string Id { get; init; } = string.Empty;
    public string Kind { get; init; } = string.Empty;
    public string? Tenant { get; init; }
    public string Subject { get; init; } = string.Empty;
    public string State { get; init; } = string.Empty;
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? CompletedAt { get; init; }
    public long DurationMs { get; init; }
    public string RequestedBy { get; init; } = string.Empty;
    public string? Reason { get; init; }
    public DateTimeOffset? NextAttemptAt { get; init; }
    public DateTimeOffset? CancelRequestedAt { get; init; }
    public string? RetryOf { get; init; }
    public string? RetriedBy { get; init; }
    public JsonElement? Result { get; init; }
    public IReadOnlyList<string> Notes { get; init; } = [];
    public JobInventory? Inventory { get; init; }
    public IReadOnlyList<JobStep> Steps { get; init; } = [];
    public string? Parent { get; init; }
    public string? TraceId { get; init; }
    public IReadOnlyList<string> Children { get; init; } = [];
    public IReadOnlyList<JobAction> Actions { get; init; } = [];

    /// <summary>True until it has ended.</summary>
    public bool IsOpen => CompletedAt is null;
}

public sealed record JobStep(string Name, string State, int Attempts, DateTimeOffset StartedAt, DateTimeOffset? CompletedAt, long DurationMs, string? Error)
{
    public int Number { get; init; }
    public DateTimeOffset? NextAttemptAt { get; init; }
    public IReadOnlyList<JobAttempt> AttemptList { get; init; } = [];
}

public sealed record JobAttempt(int Number, DateTimeOffset? StartedAt, DateTimeOffset? CompletedAt, string? Error);

/// <summary>A step with what it got and answered.</summary>
public sealed record JobStepData(JobStep Step, JsonElement? Input, JsonElement? Output);

/// <summary>Something that somebody did to a job.</summary>
public sealed record JobAction(DateTimeOffset At, string Who, string Action, string? Reason);

/// <summary>The proof of what was left when a job ended.</summary>
public sealed record JobInventory
{
    public bool IsClean { get; init; }
    public IReadOnlyList<JsonElement> Items { get; init; } = [];
}

/// <summary>What a call about many jobs has done, or would do.</summary>
public sealed record BulkAnswer(int Matched, int Accepted, IReadOnlyList<BulkRefusal> Refused);

public sealed record BulkRefusal(string Job, string Reason);

/// <summary>What a call that forgets jobs has done, or would do.</summary>
public sealed record PurgeAnswer(int Matched, int Purged);
