using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;

namespace Bibind.Activities.Tenants;

/// <summary>Confirms the place that the door reserved.</summary>
public sealed class ReserveTenant(TenantLifecycle tenants, IFileStore files) : TaskActivity<ProvisionTenantOrder, TenantPlace>
{
    /// <inheritdoc/>
    public override async Task<TenantPlace> RunAsync(TaskActivityContext context, ProvisionTenantOrder input)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(input);
        var place = await tenants.ConfirmReservationAsync(input.TenantId, input.JobId, context.CancellationToken);
        return place with { HasFileStore = files.IsOn };
    }
}
