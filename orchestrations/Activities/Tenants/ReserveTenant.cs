using Bibind.Activities.Database.Isolation;
using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Tenants;

/// <summary>Confirms the place that was reserved, and decides what the later steps have to agree on.</summary>
public sealed class ReserveTenant(TenantLifecycle tenants, IFileStore files, IDatabasePooler pooler) : TaskActivity<ProvisionTenantOrder, TenantDescriptor>
{
    /// <inheritdoc/>
    public override async Task<TenantDescriptor> RunAsync(TaskActivityContext context, ProvisionTenantOrder input)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(input);
        var place = await tenants.ConfirmReservationAsync(input.TenantId, input.JobId, context.CancellationToken);
        if (place.DatabaseRole is null && pooler.Serves(place.ServerCode))
        {
            place = place with { DatabaseRole = TenantRoles.NameOf(place) };
            await tenants.SetDatabaseRoleAsync(place.TenantId, place.DatabaseRole, context.CancellationToken);
        }

        return place with { HasFileStore = files.IsOn };
    }
}
