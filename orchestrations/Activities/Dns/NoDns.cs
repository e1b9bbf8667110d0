using Bibind.Contracts;

namespace Bibind.Activities.Dns;

/// <summary>The provider <c>none</c>: a wildcard record covers every host name, so there is never one of ours.</summary>
public sealed class NoDns : IDnsProvider
{
    /// <inheritdoc/>
    public Task CreateAsync(TenantPlace place, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task DeleteAsync(TenantPlace place, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task<bool> ExistsAsync(TenantPlace place, CancellationToken cancellationToken) => Task.FromResult(false);
}
