using Bibind.Contracts;
using Bibind.ControlPlane.Certificates;
using Bibind.ControlPlane.Domains;
using Bibind.Durable;

namespace Bibind.Activities.Domains;

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
