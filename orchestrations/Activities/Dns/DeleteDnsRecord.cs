using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Dns;

/// <summary>Deletes the tenant's DNS record.</summary>
public sealed class DeleteDnsRecord(IDnsProvider dns) : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        await dns.DeleteAsync(place, context.CancellationToken);
        return Unit.Value;
    }
}
