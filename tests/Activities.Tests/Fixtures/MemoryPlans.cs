using Bibind.ControlPlane.Plans;

namespace Bibind.Activities.Tests.Fixtures;

/// <summary>Every plan allows the same.</summary>
internal sealed class MemoryPlans : IPlanLimits
{
    public long? StorageQuota { get; set; } = 1024 * 1024;

    public Task<long?> FindStorageQuotaAsync(long tenantId, CancellationToken cancellationToken) => Task.FromResult(StorageQuota);
}
