using System.Globalization;
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

    /// <summary>From the name and the certificate, where no row tells; null if the name is none of a certificate.</summary>
    public static CertificateFor? Of(string name, HeldCertificate held)
    {
        using var leaf = held.Leaf();
        List<string> hosts = [.. HeldCertificate.NamesOf(leaf).Order(StringComparer.Ordinal)];
        return name.Split('/') switch
        {
            _ when hosts.Count == 0 => null,
            ["certificates", "platform", _] => new CertificateFor(name, null, hosts),
            ["certificates", "tenants", var id, _] when long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var tenant) =>
                new CertificateFor(name, tenant, hosts),
            _ => null,
        };
    }
}

/// <summary>Keeps certificates: chain and key as a secret, and beside it what the register knows.</summary>
internal sealed class CertificateStore(ISecretStore secrets, CertificateRegister register)
{
    public async Task<HeldCertificate?> FindAsync(string name, CancellationToken cancellationToken) =>
        await secrets.FindAsync(name, cancellationToken) is { } secret ? HeldCertificate.OfSecret(secret) : null;

    /// <summary>Stores a certificate in the place of the one before it.</summary>
    /// <param name="toPublish">True if nobody publishes it as a part of what is going on.</param>
    public async Task SaveAsync(CertificateFor use, HeldCertificate certificate, bool toPublish, CancellationToken cancellationToken)
    {
        await secrets.SetAsync(use.Name, certificate.ToSecret(), cancellationToken);
        await RegisterAsync(use, certificate, toPublish, cancellationToken);
    }

    /// <summary>True if the row says what the secret says, and the key of its order is not kept any longer.</summary>
    public async Task<bool> IsCompleteAsync(string name, HeldCertificate held, CancellationToken cancellationToken) =>
        await register.FindAsync(name, cancellationToken) is { } row && IsOf(row, held) && !await IsOrderLeftAsync(name, held, cancellationToken);

    /// <summary>Makes what a process did not come to that ended between the secret and the row.</summary>
    public async Task CompleteAsync(CertificateFor use, HeldCertificate held, bool toPublish, CancellationToken cancellationToken)
    {
        if (await register.FindAsync(use.Name, cancellationToken) is not { } row || !IsOf(row, held))
        {
            await RegisterAsync(use, held, toPublish, cancellationToken);
        }
        else if (await IsOrderLeftAsync(use.Name, held, cancellationToken))
        {
            await secrets.DeleteAsync(CertificateNames.PendingOrder(use.Name), cancellationToken);
        }
    }

    /// <summary>True if the row was written for this certificate.</summary>
    public static bool IsOf(RegisteredCertificate row, HeldCertificate held)
    {
        using var leaf = held.Leaf();
        return row.Issuer == held.Issuer && row.NotBefore == HeldCertificate.BeginOf(leaf) && row.NotAfter == HeldCertificate.EndOf(leaf);
    }

    private async Task RegisterAsync(CertificateFor use, HeldCertificate certificate, bool toPublish, CancellationToken cancellationToken)
    {
        using var leaf = certificate.Leaf();
        var (begin, end) = (HeldCertificate.BeginOf(leaf), HeldCertificate.EndOf(leaf));

        // The authority's own window, where it has one, is asked for at the first look: a tenth of the life is early enough.
        await register.PutAsync(
            new RegisteredCertificate(
                use.Name, use.TenantId, use.Host, certificate.Issuer, begin, end, RenewalSchedule.FirstLook(begin, end, use.Name), ToPublish: toPublish),
            cancellationToken);

        // It was kept for the case that we do not come this far.
        await secrets.DeleteAsync(CertificateNames.PendingOrder(use.Name), cancellationToken);
    }

    // The order of another key is of a renewal that goes on.
    private async Task<bool> IsOrderLeftAsync(string name, HeldCertificate held, CancellationToken cancellationToken) =>
        await secrets.FindAsync(CertificateNames.PendingOrder(name), cancellationToken) is { } order && PendingOrder.OfSecret(order).PrivateKeyPem == held.PrivateKeyPem;

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
