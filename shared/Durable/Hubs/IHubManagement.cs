using System.Data.Common;
using Bibind.Durable.History;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Hubs;

/// <summary>What people and clients ask of the store: instances are created, told, looked at and cleared away.</summary>
public interface IHubManagement
{
    /// <summary>Raised when an instance ends by a commit of this process; a hint for waiters, never the truth.</summary>
    event Action<string>? InstanceEnded;

    /// <summary>Makes the schema. Safe to call from several machines at once.</summary>
    Task InitializeAsync(CancellationToken cancellationToken);

    /// <summary>Creates an instance and its first message, in the caller's transaction where one is given.</summary>
    /// <exception cref="OrchestrationAlreadyExistsException">The id is taken by an instance that may not be replaced.</exception>
    Task CreateInstanceAsync(NewInstance instance, DbTransaction? transaction, CancellationToken cancellationToken);

    /// <summary>
    /// Puts a message into an instance's inbox; false if there is none, or it has ended. Before a scheduled start, all but a
    /// termination waits for that time.
    /// </summary>
    Task<bool> SendAsync(string instanceId, HistoryEvent message, CancellationToken cancellationToken);

    /// <summary>The instances that exist among <paramref name="instanceIds"/>.</summary>
    Task<IReadOnlyDictionary<string, OrchestrationState>> GetInstancesAsync(IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken);

    /// <summary>Instances, newest first, by page.</summary>
    Task<OrchestrationPage> QueryAsync(HubQuery query, CancellationToken cancellationToken);

    /// <summary>The history of the current execution, in order.</summary>
    Task<IReadOnlyList<HistoryEvent>> GetHistoryAsync(string instanceId, CancellationToken cancellationToken);

    /// <summary>Deletes an ended instance; false if there is none.</summary>
    /// <exception cref="InvalidOperationException">It has not ended.</exception>
    Task<bool> PurgeAsync(string instanceId, CancellationToken cancellationToken);

    /// <summary>Deletes ended instances that match; answers how many.</summary>
    Task<int> PurgeAsync(HubPurgeFilter filter, CancellationToken cancellationToken);

    /// <summary>Makes a failed instance run again, beginning with <paramref name="message"/>.</summary>
    /// <exception cref="InvalidOperationException">There is none, or it has not failed.</exception>
    Task RewindAsync(string instanceId, ExecutionRewoundEvent message, CancellationToken cancellationToken);

    /// <summary>
    /// Puts a termination, a suspension, a resumption or a rewind into an instance's inbox, in the caller's transaction where one is given. False
    /// if there is no such instance, or it has ended; for a rewind, if it has not failed.
    /// </summary>
    Task<bool> SteerAsync(string instanceId, HistoryEvent message, DbTransaction? transaction, CancellationToken cancellationToken);

    /// <summary>
    /// Makes timers that an instance waits for due now, in the caller's transaction where one is given; answers how many. One that has fired
    /// meanwhile is left out. With <paramref name="givesUp"/> the attempts that they wait for are not made.
    /// </summary>
    Task<int> FireTimersAsync(
        string instanceId, IReadOnlyCollection<int> timerIds, bool givesUp, DateTime now, DbTransaction? transaction, CancellationToken cancellationToken);

    /// <summary>When the next timer of each of these instances is due, UTC; those that wait for none are left out.</summary>
    Task<IReadOnlyDictionary<string, DateTime>> FindNextTimersAsync(IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken);

    /// <summary>Gives a quarantined instance back to the workers; false if there is none.</summary>
    Task<bool> ReleaseQuarantinedAsync(string instanceId, CancellationToken cancellationToken);

    /// <summary>What waits now, for gauges.</summary>
    Task<HubBacklog> GetBacklogAsync(CancellationToken cancellationToken);
}

/// <summary>Work that is due and waits for a worker.</summary>
/// <param name="Messages">Messages of instances that nobody holds, counted up to 10,000.</param>
/// <param name="OldestMessage">How long the oldest of them has been due.</param>
/// <param name="Activities">Activities that nobody runs, counted up to 10,000.</param>
/// <param name="OldestActivity">How long the oldest of them has been due.</param>
/// <param name="Quarantined">Instances taken from all workers.</param>
public sealed record HubBacklog(long Messages, TimeSpan OldestMessage, long Activities, TimeSpan OldestActivity, long Quarantined)
{
    /// <summary>Nothing waits.</summary>
    public static HubBacklog Empty { get; } = new(0, TimeSpan.Zero, 0, TimeSpan.Zero, 0);
}

/// <summary>An instance to create.</summary>
/// <param name="Started">Its first message.</param>
/// <param name="ReplaceableStatuses">An instance with the same id in one of these statuses is replaced.</param>
public sealed record NewInstance(ExecutionStartedEvent Started, IReadOnlyCollection<OrchestrationRuntimeStatus> ReplaceableStatuses);
