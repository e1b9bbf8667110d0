using Bibind.Contracts;
using Bibind.ControlPlane.Support;

namespace Bibind.Activities.Tests.Fixtures;

/// <summary>Accounts of operators, in memory.</summary>
internal sealed class MemorySupport : ISupportAccounts
{
    /// <summary>By tenant.</summary>
    public Dictionary<long, List<SupportAccount>> Accounts { get; } = [];

    public Task<IReadOnlyList<SupportAccount>> ListAsync(long tenantId, bool besidesLive, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<SupportAccount>>(Accounts.GetValueOrDefault(tenantId) ?? []);
}
