using Bibind.Durable.Hubs;
using Bibind.Durable.Worker;

namespace Bibind.Durable.Tests.Crashes;

/// <summary>The world has stopped for a worker: nothing that it does from here on reaches anyone.</summary>
public sealed class ProcessDiedException() : Exception("The process died here.");

/// <summary>Counts the boundaries that workers pass, over all workers, and says at which ones a worker dies.</summary>
public sealed class CrashPlan(IReadOnlySet<int> diesAt)
{
    private int _passed;

    /// <summary>Raised when a worker has died.</summary>
    public event Action? Died;

    /// <summary>Boundaries passed so far.</summary>
    public int Passed => Volatile.Read(ref _passed);

    public bool Pass() => diesAt.Contains(Interlocked.Increment(ref _passed));

    public void Die() => Died?.Invoke();
}

/// <summary>One worker's view of the hub and of its boundaries; both end when it dies.</summary>
public sealed class MortalWorker(ITaskHub inner, CrashPlan plan) : DelegatingTaskHub(inner), IWorkerInterceptor
{
    private volatile bool _dead;

    public bool IsDead => _dead;

    public ValueTask BeforeActivityAsync(LeasedActivity activity, CancellationToken cancellationToken) => Boundary();

    public ValueTask AfterActivityAsync(LeasedActivity activity, CancellationToken cancellationToken) => Boundary();

    public ValueTask BeforeCommitAsync(IReadOnlyList<TurnCommit> turns) => ValueTask.CompletedTask;

    public ValueTask AfterCommitAsync(IReadOnlyList<TurnCommit> turns) => ValueTask.CompletedTask;

    public override async Task<LeasedWork> LeaseAsync(LeaseRequest request, CancellationToken cancellationToken)
    {
        ThrowIfDead();
        var work = await base.LeaseAsync(request, cancellationToken);
        if (work.Instances.Count + work.Activities.Count > 0)
        {
            await Boundary();
        }

        return work;
    }

    public override async Task CommitAsync(IReadOnlyList<TurnCommit> turns, CancellationToken cancellationToken)
    {
        await Boundary();
        await base.CommitAsync(turns, cancellationToken);
        await Boundary();
    }

    public override async Task CompleteActivitiesAsync(IReadOnlyList<ActivityResult> answers, CancellationToken cancellationToken)
    {
        await Boundary();
        await base.CompleteActivitiesAsync(answers, cancellationToken);
        await Boundary();
    }

    public override Task<LostLeases> RenewAsync(LeaseRenewal renewal, CancellationToken cancellationToken)
    {
        ThrowIfDead();
        return base.RenewAsync(renewal, cancellationToken);
    }

    public override Task ReleaseAsync(
        IReadOnlyList<InstanceLease> instances, IReadOnlyList<ActivityLease> activities, TimeSpan delay, CancellationToken cancellationToken)
    {
        ThrowIfDead();
        return base.ReleaseAsync(instances, activities, delay, cancellationToken);
    }

    public override Task<StoredExecution> LoadExecutionAsync(string instanceId, CancellationToken cancellationToken)
    {
        ThrowIfDead();
        return base.LoadExecutionAsync(instanceId, cancellationToken);
    }

    private ValueTask Boundary()
    {
        ThrowIfDead();
        if (plan.Pass())
        {
            _dead = true;
            plan.Die();
            throw new ProcessDiedException();
        }

        return ValueTask.CompletedTask;
    }

    private void ThrowIfDead()
    {
        if (_dead)
        {
            throw new ProcessDiedException();
        }
    }
}
