using Bibind.Activities.Inventory;
using Bibind.Contracts;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Tenants;

/// <summary>Asks the servers again about tenants that have ended, for what a worker made that slept through the end.</summary>
public sealed class LateLeftovers(EndedTenants ended, TakeInventory inventory, ILogger<LateLeftovers> logger)
{
    private const int AtOnce = 20;

    /// <summary>Marks those of which something is there, so that it is removed.</summary>
    public async Task FindAsync(TaskActivityContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        foreach (var (place, keepsBackups) in await ended.FindAsync(context.InstanceId, AtOnce, context.CancellationToken))
        {
            var items = (await inventory.RunAsync(context, new InventoryRequest(place, keepsBackups))).Items;
            var present = items.Where(i => i.State == InventoryItem.Present).ToList();
            if (present.Count > 0)
            {
                logger.LateLeftoversFound(place.Code, place.TenantId, string.Join(", ", present.Select(i => $"{i.Kind} {i.Name}")));
            }
            else if (items.Any(i => i.State == InventoryItem.Unknown))
            {
                // A server that cannot be asked now is asked in the next round.
                continue;
            }

            await ended.NoteAsync(place.TenantId, present.Count > 0, context.CancellationToken);
        }
    }
}
