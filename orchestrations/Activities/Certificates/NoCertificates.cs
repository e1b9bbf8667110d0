using Bibind.Contracts;

namespace Bibind.Activities.Certificates;

/// <summary>The provider <c>none</c>: a wildcard certificate, or whoever terminates TLS, covers every host name.</summary>
public sealed class NoCertificates : ICertificateProvider
{
    /// <inheritdoc/>
    public Task IssueAsync(TenantPlace place, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task RevokeAsync(TenantPlace place, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task<bool> ExistsAsync(TenantPlace place, CancellationToken cancellationToken) => Task.FromResult(false);
}
