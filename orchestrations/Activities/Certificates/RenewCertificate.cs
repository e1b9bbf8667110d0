using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Certificates;

/// <summary>Renews a certificate if its time has come.</summary>
public sealed class RenewCertificate(ICertificateRenewals renewals) : TaskActivity<CertificateToRenew, RenewalOutcome>
{
    /// <inheritdoc/>
    public override Task<RenewalOutcome> RunAsync(TaskActivityContext context, CertificateToRenew certificate)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(certificate);
        return renewals.RenewAsync(certificate.Name, context.CancellationToken);
    }
}
