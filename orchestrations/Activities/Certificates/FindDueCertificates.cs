using Bibind.Contracts;
using Bibind.ControlPlane.Certificates;
using Bibind.ControlPlane.Domains;
using Bibind.Durable;

namespace Bibind.Activities.Certificates;

/// <summary>Finds the certificates that have to be looked at now.</summary>
public sealed class FindDueCertificates(ICertificateRenewals renewals) : TaskActivity<Nothing, DueCertificates>
{
    private const int AtOnce = 50;

    /// <inheritdoc/>
    public override async Task<DueCertificates> RunAsync(TaskActivityContext context, Nothing input)
    {
        ArgumentNullException.ThrowIfNull(context);
        var names = await renewals.DueAsync(AtOnce, context.CancellationToken);
        return new DueCertificates(names, names.Count == AtOnce);
    }
}

/// <summary>Finds the tenants that a certificate is presented for.</summary>
public sealed class FindServedPlaces(CertificateRegister register, DomainStore domains) : TaskActivity<CertificateToRenew, ServedPlaces>
{
    /// <inheritdoc/>
    public override async Task<ServedPlaces> RunAsync(TaskActivityContext context, CertificateToRenew input)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(input);
        return await register.FindAsync(input.Name, context.CancellationToken) is { } certificate
            ? new ServedPlaces(await domains.ServedAsync(certificate.TenantId, certificate.Host, context.InstanceId, context.CancellationToken))
            : new ServedPlaces([]);
    }
}
