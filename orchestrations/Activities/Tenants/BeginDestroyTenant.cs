using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Tenants;

/// <summary>Finds the place of a tenant that the endpoint has set to terminating.</summary>
public sealed class BeginDestroyTenant(TenantLifecycle tenants, IFileStore files) : TaskActivity<DestroyTenantOrder, TenantDescriptor>
{
    /// <inheritdoc/>
    public override async Task<TenantDescriptor> RunAsync(TaskActivityContext context, DestroyTenantOrder input)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(input);
        var place = await tenants.ConfirmTerminationAsync(input.TenantId, input.JobId, context.CancellationToken);
        return place with { HasFileStore = files.IsOn };
    }
}
