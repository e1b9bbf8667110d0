using System.Data.Common;
using Bibind.Durable.History;
using Bibind.Durable.Hubs;

namespace Bibind.Durable.Tests;

/// <summary>Passes everything on to a hub; tests override where they look in or interfere.</summary>
public abstract class DelegatingTaskHub(ITaskHub inner) : ITaskHub
{
    public event Action<string>? InstanceEnded
    {
        add => Inner.InstanceEnded += value;
        remove => Inner.InstanceEnded -= value;
    }

    protected ITaskHub Inner { get; } = inner;

    public virtual Task InitializeAsync(CancellationToken cancellationToken) => Inner.InitializeAsync(cancellationToken);

    public virtual Task CreateInstanceAsync(NewInstance instance, DbTransaction? transaction, CancellationToken cancellationToken) =>
        Inner.CreateInstanceAsync(instance, transaction, cancellationToken);

    public virtual Task<bool> SendAsync(string instanceId, HistoryEvent message, CancellationToken cancellationToken) =>
        Inner.SendAsync(instanceId, message, cancellationToken);

    public virtual Task<IReadOnlyDictionary<string, OrchestrationState>> GetInstancesAsync(
        IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken) => Inner.GetInstancesAsync(instanceIds, cancellationToken);

    public virtual Task<HubBacklog> GetBacklogAsync(CancellationToken cancellationToken) => Inner.GetBacklogAsync(cancellationToken);

    public virtual Task<OrchestrationPage> QueryAsync(HubQuery query, CancellationToken cancellationToken) =>
        Inner.QueryAsync(query, cancellationToken);

    public virtual Task<IReadOnlyList<HistoryEvent>> GetHistoryAsync(string instanceId, CancellationToken cancellationToken) =>
        Inner.GetHistoryAsync(instanceId, cancellationToken);

    public virtual Task<bool> PurgeAsync(string instanceId, CancellationToken cancellationToken) => Inner.PurgeAsync(instanceId, cancellationToken);

    public virtual Task<int> PurgeAsync(HubPurgeFilter filter, CancellationToken cancellationToken) => Inner.PurgeAsync(filter, cancellationToken);

    public virtual Task RewindAsync(string instanceId, ExecutionRewoundEvent message, CancellationToken cancellationToken) =>
        Inner.RewindAsync(instanceId, message, cancellationToken);

    public virtual Task<bool> SteerAsync(string instanceId, HistoryEvent message, DbTransaction? transaction, CancellationToken cancellationToken) =>
        Inner.SteerAsync(instanceId, message, transaction, cancellationToken);

    public virtual Task<int> FireTimersAsync(
        string instanceId, IReadOnlyCollection<int> timerIds, bool givesUp, DateTime now, DbTransaction? transaction, CancellationToken cancellationToken) =>
        Inner.FireTimersAsync(instanceId, timerIds, givesUp, now, transaction, cancellationToken);

    public virtual Task<IReadOnlyDictionary<string, DateTime>> FindNextTimersAsync(
        IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken) => Inner.FindNextTimersAsync(instanceIds, cancellationToken);

    public virtual Task QuarantineAsync(InstanceLease lease, string reason, CancellationToken cancellationToken) =>
        Inner.QuarantineAsync(lease, reason, cancellationToken);

    public virtual Task<bool> ReleaseQuarantinedAsync(string instanceId, CancellationToken cancellationToken) =>
        Inner.ReleaseQuarantinedAsync(instanceId, cancellationToken);

    public virtual Task<StoredExecution> LoadExecutionAsync(string instanceId, CancellationToken cancellationToken) =>
        Inner.LoadExecutionAsync(instanceId, cancellationToken);

    public virtual Task<LeasedWork> LeaseAsync(LeaseRequest request, CancellationToken cancellationToken) => Inner.LeaseAsync(request, cancellationToken);

    public virtual Task CommitAsync(IReadOnlyList<TurnCommit> turns, CancellationToken cancellationToken) => Inner.CommitAsync(turns, cancellationToken);

    public virtual Task CompleteActivitiesAsync(IReadOnlyList<ActivityResult> answers, CancellationToken cancellationToken) =>
        Inner.CompleteActivitiesAsync(answers, cancellationToken);

    public virtual Task<LostLeases> RenewAsync(LeaseRenewal renewal, CancellationToken cancellationToken) => Inner.RenewAsync(renewal, cancellationToken);

    public virtual Task ReleaseAsync(
        IReadOnlyList<InstanceLease> instances, IReadOnlyList<ActivityLease> activities, TimeSpan delay, CancellationToken cancellationToken) =>
        Inner.ReleaseAsync(instances, activities, delay, cancellationToken);

    public virtual Task WaitForWorkAsync(TimeSpan limit, CancellationToken cancellationToken) => Inner.WaitForWorkAsync(limit, cancellationToken);

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Inner.DisposeAsync();
    }
}
