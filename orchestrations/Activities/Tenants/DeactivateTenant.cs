using Bibind.Contracts;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Tenants;

/// <summary>Takes an activation back whose answer was lost: the first step of the undo.</summary>
public sealed class DeactivateTenant(TenantDeactivation deactivation) : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        await deactivation.DeactivateAsync(place.TenantId, place.JobId, context.CancellationToken);
        return Unit.Value;
    }
}
