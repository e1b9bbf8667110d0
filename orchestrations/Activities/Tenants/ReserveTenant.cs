using Bibind.Contracts;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;

namespace Bibind.Activities.Tenants;

/// <summary>Confirms the place that the door reserved.</summary>
public sealed class ReserveTenant(TenantLifecycle tenants) : TaskActivity<ProvisionTenantOrder, TenantPlace>
{
    /// <inheritdoc/>
    public override Task<TenantPlace> RunAsync(TaskActivityContext context, ProvisionTenantOrder input)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(input);
        return tenants.ConfirmReservationAsync(input.TenantId, input.JobId, context.CancellationToken);
    }
}
