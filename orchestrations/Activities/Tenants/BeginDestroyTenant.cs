using Bibind.Contracts;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;

namespace Bibind.Activities.Tenants;

/// <summary>Finds the place of a tenant that the door has set to terminating.</summary>
public sealed class BeginDestroyTenant(TenantLifecycle tenants) : TaskActivity<DestroyTenantOrder, TenantPlace>
{
    /// <inheritdoc/>
    public override Task<TenantPlace> RunAsync(TaskActivityContext context, DestroyTenantOrder input)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(input);
        return tenants.ConfirmTerminationAsync(input.TenantId, input.JobId, context.CancellationToken);
    }
}
