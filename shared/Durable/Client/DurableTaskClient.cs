using System.Data.Common;
using Bibind.Durable.History;

namespace Bibind.Durable;

/// <summary>How an instance is started.</summary>
public sealed record StartOrchestrationOptions
{
    /// <summary>The instance's id; a new GUID unless given.</summary>
    public string? InstanceId { get; init; }

    /// <summary>Not before this time, UTC.</summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>The orchestrator's version.</summary>
    public string? Version { get; init; }

    /// <summary>Carried by the instance, for queries and people.</summary>
    public IReadOnlyDictionary<string, string>? Tags { get; init; }

    /// <summary>An instance with the same id that has one of these statuses is replaced; none unless given.</summary>
    public IReadOnlyCollection<OrchestrationRuntimeStatus> ReplaceableStatuses { get; init; } = [];

    /// <summary>The caller's transaction on the hub's database: the instance exists if and when it commits.</summary>
    public DbTransaction? Transaction { get; init; }
}

/// <summary>Which instances are wanted.</summary>
public sealed record OrchestrationQuery
{
    public IReadOnlyCollection<OrchestrationRuntimeStatus>? Statuses { get; init; }

    /// <summary>Beginning of the instance id.</summary>
    public string? InstanceIdPrefix { get; init; }

    /// <summary>The orchestrator's name.</summary>
    public string? Name { get; init; }
    public DateTimeOffset? CreatedFrom { get; init; }
    public DateTimeOffset? CreatedTo { get; init; }

    /// <summary>A tag that the instance must carry.</summary>
    public KeyValuePair<string, string>? Tag { get; init; }

    /// <summary>True: only instances that no worker runs any more; false: only the others.</summary>
    public bool? Isolated { get; init; }

    /// <summary>At most this many a page, 1 to 1,000.</summary>
    public int PageSize { get; init; } = 100;

    /// <summary>From the page before.</summary>
    public string? ContinuationToken { get; init; }
}

/// <summary>Which ended instances are purged.</summary>
public sealed record PurgeInstancesFilter
{
    public DateTimeOffset? CreatedFrom { get; init; }
    public DateTimeOffset? CreatedTo { get; init; }

    /// <summary>Only those that ended before.</summary>
    public DateTimeOffset? CompletedBefore { get; init; }

    /// <summary>Only these statuses; all ended ones unless given.</summary>
    public IReadOnlyCollection<OrchestrationRuntimeStatus>? Statuses { get; init; }
}

/// <summary>A page of instances, newest first.</summary>
public sealed record OrchestrationPage(IReadOnlyList<OrchestrationMetadata> Instances, string? ContinuationToken);

/// <summary>The instance id is taken.</summary>
public sealed class OrchestrationAlreadyExistsException(string instanceId, OrchestrationRuntimeStatus status)
    : Exception($"An orchestration instance '{instanceId}' exists already and is {status}.")
{
    /// <summary>The id.</summary>
    public string InstanceId { get; } = instanceId;

    /// <summary>The status of the one that is there.</summary>
    public OrchestrationRuntimeStatus Status { get; } = status;
}

/// <summary>Starts, watches and steers instances.</summary>
public abstract class DurableTaskClient
{
    /// <summary>Starts an instance; answers its id.</summary>
    /// <exception cref="OrchestrationAlreadyExistsException">The id is taken.</exception>
    /// <exception cref="ArgumentException">The id is not allowed.</exception>
    public abstract Task<string> ScheduleNewOrchestrationInstanceAsync(
        string orchestratorName, object? input = null, StartOrchestrationOptions? options = null, CancellationToken cancellation = default);

    /// <summary>Starts an instance by its typed name.</summary>
    public Task<string> ScheduleNewOrchestrationInstanceAsync<TInput, TOutput>(
        OrchestratorDefinition<TInput, TOutput> orchestrator, TInput input, StartOrchestrationOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(orchestrator);
        return ScheduleNewOrchestrationInstanceAsync(orchestrator.Name, input, options, cancellation);
    }

    /// <summary>The instance, or null.</summary>
    public abstract Task<OrchestrationMetadata?> GetInstanceAsync(string instanceId, CancellationToken cancellation = default);

    /// <summary>Several instances at once; those that do not exist are left out.</summary>
    public abstract Task<IReadOnlyDictionary<string, OrchestrationMetadata>> GetInstancesAsync(
        IReadOnlyCollection<string> instanceIds, CancellationToken cancellation = default);

    /// <summary>The history of the current execution, in order; empty if there is none.</summary>
    public abstract Task<IReadOnlyList<HistoryEvent>> GetHistoryAsync(string instanceId, CancellationToken cancellation = default);

    /// <summary>Instances, newest first, by page.</summary>
    public abstract Task<OrchestrationPage> QueryInstancesAsync(OrchestrationQuery query, CancellationToken cancellation = default);

    /// <summary>Waits for the end of an instance.</summary>
    /// <exception cref="InvalidOperationException">There is no such instance.</exception>
    public abstract Task<OrchestrationMetadata> WaitForInstanceCompletionAsync(string instanceId, CancellationToken cancellation = default);

    /// <summary>Raises an event. An event for an instance that does not exist or has ended is dropped.</summary>
    public abstract Task RaiseEventAsync(string instanceId, string eventName, object? eventPayload = null, CancellationToken cancellation = default);

    /// <summary>Buffers everything but resume and terminate until resumed.</summary>
    public abstract Task SuspendInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default);

    /// <summary>Ends a suspension.</summary>
    public abstract Task ResumeInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default);

    /// <summary>Ends the instance; with <paramref name="recursive"/> its children too.</summary>
    public abstract Task TerminateInstanceAsync(string instanceId, string? reason = null, bool recursive = false, CancellationToken cancellation = default);

    /// <summary>Deletes an ended instance and its history; answers whether there was one.</summary>
    public abstract Task<bool> PurgeInstanceAsync(string instanceId, CancellationToken cancellation = default);

    /// <summary>Deletes ended instances and their histories; answers how many.</summary>
    public abstract Task<int> PurgeInstancesAsync(PurgeInstancesFilter filter, CancellationToken cancellation = default);

    /// <summary>
    /// Puts a failed instance back to before its failures: what failed is asked again, what succeeded is kept. A failure
    /// that the orchestrator had answered with further actions stays, for its answer is history.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no such instance, or it has not failed.</exception>
    public abstract Task RewindInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default);

    /// <summary>
    /// Gives an isolated instance back to the workers; false if there is none. One that has a termination in its inbox
    /// ends without its code being run.
    /// </summary>
    public abstract Task<bool> ReleaseIsolatedAsync(string instanceId, CancellationToken cancellation = default);
}
