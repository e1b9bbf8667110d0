using Bibind.Contracts;

namespace Bibind.Activities.Certificates;

/// <summary>Gets TLS certificates for tenants' host names.</summary>
public interface ICertificateProvider
{
    /// <summary>Gets a certificate for the host name; succeeds when a valid one is there.</summary>
    Task IssueAsync(TenantDescriptor place, CancellationToken cancellationToken);

    /// <summary>Revokes and removes the certificate; succeeds when there is none.</summary>
    Task RevokeAsync(TenantDescriptor place, CancellationToken cancellationToken);

    /// <summary>True if a certificate of the tenant's own is there, as the provider answers now.</summary>
    Task<bool> ExistsAsync(TenantDescriptor place, CancellationToken cancellationToken);

    /// <summary>True if it shows proofs to an authority, which may be left behind.</summary>
    bool ShowsProofs => false;

    /// <summary>True if a proof for the tenant's certificate is outside, as the DNS provider answers now.</summary>
    Task<bool> IsProofShownAsync(TenantDescriptor place, CancellationToken cancellationToken) => Task.FromResult(false);

    /// <summary>Takes away proofs that were left behind.</summary>
    Task SweepProofsAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
