using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Certificates;

/// <summary>Gets the tenant's TLS certificate.</summary>
public sealed class IssueCertificate(ICertificateProvider certificates) : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        await certificates.IssueAsync(place, context.CancellationToken);
        return Unit.Value;
    }
}
