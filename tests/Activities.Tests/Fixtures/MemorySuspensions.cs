using System.Collections.Concurrent;
using Bibind.Contracts;
using Bibind.ControlPlane.Suspensions;

namespace Bibind.Activities.Tests.Fixtures;

/// <summary>Suspensions, in memory.</summary>
internal sealed class MemorySuspensions : ISuspensions
{
    private readonly ConcurrentDictionary<long, Suspension> _all = [];

    public void Suspend(TenantDescriptor place, string cause = SuspensionCauses.Operator) =>
        _all[place.TenantId] = new Suspension { TenantId = place.TenantId, Cause = cause, JobId = place.JobId };

    public void Lift(TenantDescriptor place) => _all[place.TenantId] = _all[place.TenantId] with { LiftedBy = "resume" };

    public Task<Suspension?> FindAsync(long tenantId, CancellationToken cancellationToken) => Task.FromResult(_all.GetValueOrDefault(tenantId));

    public async Task<bool> HoldAsync(long tenantId, Func<Task> work, CancellationToken cancellationToken)
    {
        if (_all.GetValueOrDefault(tenantId) is not { IsInForce: true })
        {
            return false;
        }

        await work();
        return true;
    }
}
