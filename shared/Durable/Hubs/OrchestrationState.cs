using Bibind.Durable.Serialization;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Hubs;

/// <summary>An instance as the hub knows it: what <see cref="OrchestrationMetadata"/> tells, and what it has no place for.</summary>
public sealed record OrchestrationState
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
    public string? QuarantineReason { get; init; }

    /// <summary>True if the instance has ended.</summary>
    public bool IsCompleted => RuntimeStatus is OrchestrationRuntimeStatus.Completed or OrchestrationRuntimeStatus.Failed or OrchestrationRuntimeStatus.Terminated;

    /// <summary>Reads the output.</summary>
    public T? ReadOutputAs<T>() => HubDataConverter.Default.Deserialize<T>(SerializedOutput);

    /// <summary>Reads the input.</summary>
    public T? ReadInputAs<T>() => HubDataConverter.Default.Deserialize<T>(SerializedInput);

    /// <summary>Reads the custom status.</summary>
    public T? ReadCustomStatusAs<T>() => HubDataConverter.Default.Deserialize<T>(SerializedCustomStatus);

    /// <summary>The instance as the abstractions show it.</summary>
    /// <param name="withTexts">False leaves out input, output and custom status.</param>
    public OrchestrationMetadata ToMetadata(bool withTexts) => new(Name, InstanceId)
    {
        RuntimeStatus = RuntimeStatus,
        CreatedAt = CreatedAt,
        LastUpdatedAt = LastUpdatedAt,
        SerializedInput = withTexts ? SerializedInput : null,
        SerializedOutput = withTexts ? SerializedOutput : null,
        SerializedCustomStatus = withTexts ? SerializedCustomStatus : null,
        FailureDetails = FailureDetails,
        Tags = Tags,
        DataConverter = HubDataConverter.Default,
    };
}

/// <summary>A page of instances, newest first.</summary>
public sealed record OrchestrationPage(IReadOnlyList<OrchestrationState> Instances, string? ContinuationToken);
