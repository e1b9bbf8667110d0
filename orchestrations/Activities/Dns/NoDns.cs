using Bibind.Contracts;
using Bibind.Durable;

namespace Bibind.Activities.Dns;

/// <summary>The provider <c>none</c>: a wildcard record covers every host name, so there is never one of ours.</summary>
public sealed class NoDns : IDnsProvider, IDnsChallenges, IHostReadiness
{
    /// <inheritdoc/>
    public Task CreateAsync(TenantDescriptor place, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task DeleteAsync(TenantDescriptor place, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task<bool> ExistsAsync(TenantDescriptor place, CancellationToken cancellationToken) => Task.FromResult(false);

    /// <inheritdoc/>
    public Task PresentAsync(string fqdn, string value, CancellationToken cancellationToken) =>
        throw new PermanentFailureException($"The challenge at {fqdn} needs a DNS provider, and Dns__Provider is none.");

    /// <inheritdoc/>
    public Task RemoveAsync(string fqdn, string value, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task ClearAsync(string fqdn, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task<bool> IsPresentedAsync(string fqdn, CancellationToken cancellationToken) => Task.FromResult(false);

    /// <inheritdoc/>
    public bool IsInZone(string host) => false;

    /// <inheritdoc/>
    public Task WaitUntilPointsAsync(string host, CancellationToken cancellationToken) => Task.CompletedTask;
}
