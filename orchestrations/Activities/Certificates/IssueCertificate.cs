using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Certificates;

/// <summary>Gets the tenant's TLS certificate.</summary>
public sealed class IssueCertificate(ICertificateProvider certificates) : TaskActivity<TenantPlace, Nothing>
{
    /// <inheritdoc/>
    public override async Task<Nothing> RunAsync(TaskActivityContext context, TenantPlace place)
    {
        ArgumentNullException.ThrowIfNull(context);
        await certificates.IssueAsync(place, context.CancellationToken);
        return Nothing.Value;
    }
}
