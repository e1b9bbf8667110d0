using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Execution;

/// <summary>One thing that a turn consumes: a message of the inbox, or the answer of an activity that ran in this process.</summary>
internal sealed record TurnInput(HistoryEvent Event, string? ExecutionId, long? MessageId = null, ActivityLease? Activity = null)
{
    /// <summary>True if the activity was limited together with others.</summary>
    public bool FreesPool { get; init; }

    /// <summary>The caller of the activity, for an answer that goes back through the hub.</summary>
    public string? InstanceId { get; init; }
}

/// <summary>A live instance between turns.</summary>
internal sealed class InstanceState(string instanceId)
{
    public string InstanceId { get; } = instanceId;

    /// <summary>The first line of the running execution; null before the first turn.</summary>
    public ExecutionStartedEvent? Started { get; set; }

    public OrchestrationExecution? Live { get; set; }

    /// <summary>The number of the next turn.</summary>
    public int NextTurn { get; set; }

    public OrchestrationRuntimeStatus Status { get; set; } = OrchestrationRuntimeStatus.Pending;

    public string? CustomStatus { get; set; }

    /// <summary>Set if the code must not run: how the execution ends instead.</summary>
    public CompleteOrchestrationAction? Verdict { get; set; }

    /// <summary>Set for the turn that rewinds the execution: the past that replaces the stored one.</summary>
    public RewoundExecution? Rewound { get; set; }

    /// <summary>The highest id in the history as it was loaded; -1 for none.</summary>
    public int LastEventId { get; set; } = -1;

    /// <summary>The clock of the last turn; the next one is never earlier.</summary>
    public DateTime LastTurnAt { get; set; }

    public bool HasEnded { get; set; }
}
