using Bibind.Contracts;
using Bibind.ControlPlane.Certificates;
using Bibind.ControlPlane.Domains;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Domains;

/// <summary>Finds the tenants that a certificate is presented for.</summary>
public sealed class FindServedTenants(CertificateRegister register, DomainStore domains) : TaskActivity<CertificateToRenew, ServedTenants>
{
    /// <inheritdoc/>
    public override async Task<ServedTenants> RunAsync(TaskActivityContext context, CertificateToRenew input)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(input);
        if (await register.FindAsync(input.Name, context.CancellationToken) is not { } certificate)
        {
            return new ServedTenants([]);
        }

        var served = new ServedTenants(await domains.ServedAsync(certificate.TenantId, certificate.Host, context.InstanceId, context.CancellationToken));

        // Whoever asks keeps the name until every place has been published.
        await register.NotePublishingAsync(input.Name, context.CancellationToken);
        return served;
    }
}
