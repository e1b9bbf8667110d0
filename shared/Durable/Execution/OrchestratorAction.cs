using Bibind.Durable.History;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Execution;

/// <summary>What an orchestrator decided; the id is that of the history event it becomes.</summary>
internal abstract record OrchestratorAction(int Id)
{
    /// <summary>The kind in words, for the message of a non-determinism failure.</summary>
    public abstract string Describe();
}

internal sealed record ScheduleTaskAction(int Id, string Name, string Version, string? Input) : OrchestratorAction(Id)
{
    public IReadOnlyDictionary<string, string>? Tags { get; init; }
    public int Attempt { get; init; } = 1;
    public int? FirstAttemptId { get; init; }

    public override string Describe() => $"an activity task named '{Name}'";
}

internal sealed record CreateTimerAction(int Id, DateTime FireAt) : OrchestratorAction(Id)
{
    /// <summary>The first attempt at the call whose next attempt it waits for.</summary>
    public int? RetryOf { get; init; }

    public override string Describe() => "a timer";
}

internal sealed record CreateSubOrchestrationAction(int Id, string Name, string? Version, string InstanceId, string? Input) : OrchestratorAction(Id)
{
    public IReadOnlyDictionary<string, string>? Tags { get; init; }

    public override string Describe() => $"a sub-orchestration named '{Name}'";
}

internal sealed record SendEventAction(int Id, string InstanceId, string Name, string? Input) : OrchestratorAction(Id)
{
    public override string Describe() => $"an event named '{Name}'";
}

internal sealed record CompleteOrchestrationAction(int Id, OrchestrationRuntimeStatus Status, string? Result) : OrchestratorAction(Id)
{
#pragma warning disable CS0618 // Nobody sees an instance in this status any more; within a turn it still says how the execution ends.
    public const OrchestrationRuntimeStatus ContinuedAsNew = OrchestrationRuntimeStatus.ContinuedAsNew;
#pragma warning restore CS0618

    public TaskFailureDetails? FailureDetails { get; init; }

    /// <summary>The next generation's version, when it continues as new.</summary>
    public string? NewVersion { get; init; }

    /// <summary>Events for the next generation, oldest first.</summary>
    public IReadOnlyList<EventRaisedEvent> CarriedOver { get; init; } = [];

    /// <summary>Set if the next generation starts suspended: what suspended this one.</summary>
    public ExecutionSuspendedEvent? SuspendedBy { get; init; }

    public override string Describe() => "the end of the orchestration";
}
