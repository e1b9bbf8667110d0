using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Dns;

/// <summary>Makes the tenant's host name point at us.</summary>
public sealed class CreateDnsRecord(IDnsProvider dns) : TaskActivity<TenantPlace, Nothing>
{
    /// <inheritdoc/>
    public override async Task<Nothing> RunAsync(TaskActivityContext context, TenantPlace place)
    {
        ArgumentNullException.ThrowIfNull(context);
        await dns.CreateAsync(place, context.CancellationToken);
        return Nothing.Value;
    }
}
