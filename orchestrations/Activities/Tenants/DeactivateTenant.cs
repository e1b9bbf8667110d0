using Bibind.Contracts;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Tenants;

/// <summary>Takes an activation back whose answer was lost: the first step of the undo.</summary>
public sealed class DeactivateTenant(TenantDeactivation deactivation) : TaskActivity<TenantPlace, Nothing>
{
    /// <inheritdoc/>
    public override async Task<Nothing> RunAsync(TaskActivityContext context, TenantPlace place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        await deactivation.DeactivateAsync(place.TenantId, place.JobId, context.CancellationToken);
        return Nothing.Value;
    }
}
