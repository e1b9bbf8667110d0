using Bibind.ControlPlane.Certificates;
using Bibind.ControlPlane.Secrets;

namespace Bibind.Activities.Certificates;

/// <summary>What a certificate is for.</summary>
/// <param name="Name">Of its secret and its row.</param>
/// <param name="TenantId">Null for the platform's own.</param>
/// <param name="Hosts">The names in it.</param>
internal sealed record CertificateFor(string Name, long? TenantId, IReadOnlyList<string> Hosts)
{
    /// <summary>The first name, for messages and counting.</summary>
    public string Host => Hosts[0];
}

/// <summary>Keeps certificates: chain and key as a secret, and beside it what the register knows.</summary>
internal sealed class CertificateStore(ISecretStore secrets, CertificateRegister register)
{
    public async Task<HeldCertificate?> FindAsync(string name, CancellationToken cancellationToken) =>
        await secrets.FindAsync(name, cancellationToken) is { } secret ? HeldCertificate.OfSecret(secret) : null;

    /// <summary>Stores a certificate in the place of the one before it.</summary>
    public async Task SaveAsync(CertificateFor use, HeldCertificate certificate, CancellationToken cancellationToken)
    {
        await secrets.SetAsync(use.Name, certificate.ToSecret(), cancellationToken);
        using var leaf = certificate.Leaf();
        var (begin, end) = (HeldCertificate.BeginOf(leaf), HeldCertificate.EndOf(leaf));

        // The authority's own window, where it has one, is asked for at the first look: a tenth of the life is early enough.
        await register.PutAsync(
            new RegisteredCertificate(use.Name, use.TenantId, use.Host, certificate.Issuer, begin, end, RenewalSchedule.FirstLook(begin, end, use.Name)),
            cancellationToken);

        // It was kept for the case that we do not come this far.
        await secrets.DeleteAsync(CertificateNames.PendingOrder(use.Name), cancellationToken);
    }

    /// <summary>True if there is a secret or a row of this name.</summary>
    public async Task<bool> ExistsAsync(string name, CancellationToken cancellationToken) =>
        await secrets.CountAsync(name, cancellationToken) > 0 || await register.FindAsync(name, cancellationToken) is not null;

    /// <summary>Forgets a certificate and its key, last of all its row; succeeds when there is none.</summary>
    public async Task ForgetAsync(string name, CancellationToken cancellationToken)
    {
        await secrets.DeleteAsync(name, cancellationToken);
        await register.DeleteAsync(name, cancellationToken);
    }
}
