using Microsoft.DurableTask;

namespace Bibind.Durable;

/// <summary>What an activity attempt of this runtime knows about itself, beyond what every Durable Task backend tells.</summary>
/// <param name="instanceId">The orchestration instance that called the activity.</param>
/// <param name="name">The activity's wire name.</param>
/// <param name="taskId">The id of the call within its execution: the same for every delivery of one call.</param>
/// <param name="attempt">The attempt by retry policy, from 1. A redelivery after a crash keeps its number.</param>
/// <param name="cancellationToken">Set when the worker shuts down or has lost its lease: stop, the work is delivered again.</param>
public sealed class DurableActivityContext(
    string instanceId, string name, int taskId, int attempt, CancellationToken cancellationToken) : TaskActivityContext
{
    /// <inheritdoc/>
    public override TaskName Name { get; } = name;

    /// <inheritdoc/>
    public override string InstanceId { get; } = instanceId;

    internal int TaskIdOfCall => taskId;

    internal int AttemptByPolicy => attempt;

    internal CancellationToken Cancelled => cancellationToken;
}
