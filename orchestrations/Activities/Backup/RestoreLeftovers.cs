using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.ControlPlane.Databases;

namespace Bibind.Activities.Backup;

/// <summary>What a restore that died may have left of a tenant: a database half restored, or one that was replaced.</summary>
internal static class RestoreLeftovers
{
    public static async Task DropAsync(MaintenanceSession session, TenantDescriptor place, CancellationToken cancellationToken)
    {
        var holder = DatabaseHolder.Tenant(place.TenantId);
        await LabelledDatabases.DropWorkAsync(session, holder, ScratchDatabase.NameForRestore(place), cancellationToken);
        await LabelledDatabases.DropWorkAsync(session, holder, RestoreSwap.FormerName(place), cancellationToken);
    }
}
