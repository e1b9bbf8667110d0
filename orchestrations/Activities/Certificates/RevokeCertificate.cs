using Bibind.Contracts;
using Bibind.ControlPlane.Domains;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Certificates;

/// <summary>Revokes the tenant's TLS certificate; with the platform's name those of its own names, too.</summary>
public sealed class RevokeCertificate(ICertificateProvider certificates, ITenantDomains domains) : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        foreach (var at in await domains.BesidesAsync(place, onlyActive: false, context.CancellationToken))
        {
            await certificates.RevokeAsync(at, context.CancellationToken);
        }

        await certificates.RevokeAsync(place, context.CancellationToken);
        return Unit.Value;
    }
}
