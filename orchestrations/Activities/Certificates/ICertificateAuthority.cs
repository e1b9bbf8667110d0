namespace Bibind.Activities.Certificates;

/// <summary>Who signs certificates.</summary>
internal interface ICertificateAuthority
{
    /// <summary>Its name: host of the ACME directory, or <c>local</c>.</summary>
    string Name { get; }

    /// <summary>Issues a certificate with a new key.</summary>
    /// <param name="replaced">The one that it takes the place of, at a renewal.</param>
    Task<HeldCertificate> IssueAsync(CertificateFor use, HeldCertificate? replaced, CancellationToken cancellationToken);

    /// <summary>Revokes a certificate; succeeds when it is revoked or has ended.</summary>
    Task RevokeAsync(HeldCertificate certificate, CancellationToken cancellationToken);

    /// <summary>When it would like a certificate to be renewed; null if it does not say.</summary>
    Task<RenewalWindow?> RenewalWindowAsync(HeldCertificate certificate, CancellationToken cancellationToken);
}
