using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Dns;

/// <summary>Makes the tenant's host name point at us.</summary>
public sealed class CreateDnsRecord(IDnsProvider dns) : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        await dns.CreateAsync(place, context.CancellationToken);
        return Unit.Value;
    }
}
