using Bibind.Contracts;

namespace Bibind.Activities.Certificates;

/// <summary>The provider <c>none</c>: whoever terminates TLS has certificates of its own for every host name.</summary>
public sealed class NoCertificates : ICertificateProvider, ITenantCertificates, ICertificateRenewals
{
    /// <inheritdoc/>
    public Task IssueAsync(TenantDescriptor place, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task RevokeAsync(TenantDescriptor place, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task<bool> ExistsAsync(TenantDescriptor place, CancellationToken cancellationToken) => Task.FromResult(false);

    /// <inheritdoc/>
    public Task<TenantCertificate?> FindAsync(TenantDescriptor place, CancellationToken cancellationToken) => Task.FromResult<TenantCertificate?>(null);

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> DueAsync(int limit, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([]);

    /// <inheritdoc/>
    public Task<RenewalOutcome> RenewAsync(string name, CancellationToken cancellationToken) => Task.FromResult(new RenewalOutcome(false, null));

    /// <inheritdoc/>
    public Task<int> ReplaceAsync(string host, CancellationToken cancellationToken) => Task.FromResult(0);
}
