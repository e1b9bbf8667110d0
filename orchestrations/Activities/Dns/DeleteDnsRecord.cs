using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Dns;

/// <summary>Deletes the tenant's DNS record.</summary>
public sealed class DeleteDnsRecord(IDnsProvider dns) : TaskActivity<TenantPlace, Nothing>
{
    /// <inheritdoc/>
    public override async Task<Nothing> RunAsync(TaskActivityContext context, TenantPlace place)
    {
        ArgumentNullException.ThrowIfNull(context);
        await dns.DeleteAsync(place, context.CancellationToken);
        return Nothing.Value;
    }
}
