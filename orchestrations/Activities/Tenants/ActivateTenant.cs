using Bibind.Contracts;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;

namespace Bibind.Activities.Tenants;

/// <summary>Ends a provisioning well: the tenant is active and its job has a result.</summary>
public sealed class ActivateTenant(TenantLifecycle tenants) : TaskActivity<TenantPlace, TenantReady>
{
    /// <inheritdoc/>
    public override Task<TenantReady> RunAsync(TaskActivityContext context, TenantPlace input)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(input);
        return tenants.ActivateAsync(input.TenantId, input.JobId, context.CancellationToken);
    }
}
