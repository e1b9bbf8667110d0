using Bibind.Durable.Serialization;

namespace Bibind.Durable;

/// <summary>Where an instance stands; numbers as in Durable Task's protocol.</summary>
public enum OrchestrationRuntimeStatus
{
    Running = 0,
    Completed = 1,
    ContinuedAsNew = 2,
    Failed = 3,
    Canceled = 4,
    Terminated = 5,
    Pending = 6,
    Suspended = 7,
}

/// <summary>An instance as the hub knows it.</summary>
public sealed record OrchestrationMetadata
{
    public required string InstanceId { get; init; }
    public required string ExecutionId { get; init; }
    public required string Name { get; init; }
    public string Version { get; init; } = string.Empty;
    public required OrchestrationRuntimeStatus RuntimeStatus { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset LastUpdatedAt { get; init; }
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>JSON text.</summary>
    public string? SerializedInput { get; init; }

    /// <summary>JSON text; for a terminated instance the reason, as raw text.</summary>
    public string? SerializedOutput { get; init; }

    /// <summary>JSON text.</summary>
    public string? SerializedCustomStatus { get; init; }
    public TaskFailureDetails? FailureDetails { get; init; }
    public string? ParentInstanceId { get; init; }
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>Why no worker runs the instance any more, until it is released; null for all others.</summary>
    public string? IsolatedReason { get; init; }

    /// <summary>True if the instance has ended.</summary>
    public bool IsCompleted => RuntimeStatus is OrchestrationRuntimeStatus.Completed or OrchestrationRuntimeStatus.Failed
        or OrchestrationRuntimeStatus.Terminated or OrchestrationRuntimeStatus.Canceled;

    /// <summary>Reads the output.</summary>
    public T? ReadOutputAs<T>() => DataConverter.Default.Deserialize<T>(SerializedOutput);

    /// <summary>Reads the input.</summary>
    public T? ReadInputAs<T>() => DataConverter.Default.Deserialize<T>(SerializedInput);

    /// <summary>Reads the custom status.</summary>
    public T? ReadCustomStatusAs<T>() => DataConverter.Default.Deserialize<T>(SerializedCustomStatus);
}
