namespace Bibind.Activities.Certificates;

/// <summary>Why a certificate is revoked, with the codes of RFC 5280.</summary>
internal enum RevocationReason
{
    /// <summary>Somebody else has its key, or may have it.</summary>
    KeyCompromise = 1,

    /// <summary>Nobody needs it any more.</summary>
    CessationOfOperation = 5,
}

/// <summary>Who signs certificates.</summary>
internal interface ICertificateAuthority
{
    /// <summary>Its name: host of the ACME directory, or <c>local</c>.</summary>
    string Name { get; }

    /// <summary>Issues a certificate with a new key.</summary>
    /// <param name="replaced">The one that it takes the place of, at a renewal.</param>
    Task<HeldCertificate> IssueAsync(CertificateFor use, HeldCertificate? replaced, CancellationToken cancellationToken);

    /// <summary>Revokes a certificate; succeeds when it is revoked or has ended.</summary>
    Task RevokeAsync(HeldCertificate certificate, RevocationReason reason, CancellationToken cancellationToken);

    /// <summary>When it would like a certificate to be renewed; null if it does not say.</summary>
    Task<RenewalWindow?> RenewalWindowAsync(HeldCertificate certificate, CancellationToken cancellationToken);
}
