using Bibind.Activities.Database;
using Bibind.Contracts;

namespace Bibind.Activities.Backup;

/// <summary>What a restore that died may have left of a tenant: a database half restored, or one that was replaced.</summary>
internal static class RestoreLeftovers
{
    public static async Task DropAsync(MaintenanceSession session, TenantPlace place, CancellationToken cancellationToken)
    {
        await ForcedDrop.RunAsync(session, ScratchDatabase.NameForRestore(place), cancellationToken);
        await ForcedDrop.RunAsync(session, RestoreSwap.FormerName(place), cancellationToken);
    }
}
