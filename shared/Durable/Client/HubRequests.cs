using System.Data.Common;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable;

/// <summary>How an instance is started on this hub, beyond what every Durable Task backend offers.</summary>
public record HubStartOptions : StartOrchestrationOptions
{
    /// <summary>
    /// An instance with the same id that has one of these statuses is replaced; none unless given. The abstractions'
    /// <see cref="StartOrchestrationOptions.DedupeStatuses"/> names those that are not, and is obeyed where it is given.
    /// </summary>
    public IReadOnlyCollection<OrchestrationRuntimeStatus> ReplaceableStatuses { get; init; } = [];

    /// <summary>The caller's transaction on the hub's database: the instance exists if and when it commits.</summary>
    public DbTransaction? Transaction { get; init; }
}

/// <summary>Which instances are wanted from this hub, beyond what every Durable Task backend can be asked for.</summary>
public record HubQuery : OrchestrationQuery
{
    /// <summary>The orchestrator's name.</summary>
    public string? Name { get; init; }

    /// <summary>A tag that the instance must carry.</summary>
    public KeyValuePair<string, string>? Tag { get; init; }

    /// <summary>True: only instances that no worker runs any more; false: only the others.</summary>
    public bool? Quarantined { get; init; }

    internal static HubQuery Of(OrchestrationQuery query) => query as HubQuery ?? new HubQuery
    {
        CreatedFrom = query.CreatedFrom,
        CreatedTo = query.CreatedTo,
        Statuses = query.Statuses,
        InstanceIdPrefix = query.InstanceIdPrefix,
        PageSize = query.PageSize,
        FetchInputsAndOutputs = query.FetchInputsAndOutputs,
        ContinuationToken = query.ContinuationToken,
    };
}

/// <summary>Which ended instances are purged from this hub, beyond what every Durable Task backend can be asked for.</summary>
public record HubPurgeFilter : PurgeInstancesFilter
{
    /// <summary>Only those that ended before.</summary>
    public DateTimeOffset? CompletedBefore { get; init; }

    internal static HubPurgeFilter Of(PurgeInstancesFilter filter) => filter as HubPurgeFilter ?? new HubPurgeFilter
    {
        CreatedFrom = filter.CreatedFrom,
        CreatedTo = filter.CreatedTo,
        Statuses = filter.Statuses,
    };
}

/// <summary>The instance id is taken.</summary>
public sealed class OrchestrationAlreadyExistsException(string instanceId, OrchestrationRuntimeStatus status)
    : Exception($"An orchestration instance '{instanceId}' exists already and is {status}.")
{
    /// <summary>The id.</summary>
    public string InstanceId { get; } = instanceId;

    /// <summary>The status of the one that is there.</summary>
    public OrchestrationRuntimeStatus Status { get; } = status;
}
