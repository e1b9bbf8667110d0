using Bibind.Contracts;

namespace Bibind.Activities.Certificates;

/// <summary>Finds the certificate that a proxy must present for a tenant's host name.</summary>
public interface ITenantCertificates
{
    /// <summary>The newest certificate that covers the host name: the tenant's own, else the shared one; null when there is neither.</summary>
    Task<TenantCertificate?> FindAsync(TenantDescriptor place, CancellationToken cancellationToken);
}

/// <summary>A certificate with its key, as a proxy takes them; <see cref="object.ToString"/> leaves the key out.</summary>
/// <param name="ChainPem">PEM: the certificate itself first, then those that lead to the root, without the root.</param>
/// <param name="PrivateKeyPem">PEM (PKCS#8, ECDSA P-256). A secret: never logged, never in a result of an activity.</param>
/// <param name="NotAfter">When it ends.</param>
public sealed record TenantCertificate(string ChainPem, string PrivateKeyPem, DateTimeOffset NotAfter)
{
    /// <inheritdoc/>
    public override string ToString() => $"certificate until {NotAfter:u}";
}
