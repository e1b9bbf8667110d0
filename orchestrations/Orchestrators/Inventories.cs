using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Takes the proof of what is left.</summary>
internal static class Inventories
{
    /// <summary>Asks every server; an inventory that cannot be taken says so instead of hiding it.</summary>
    public static async Task<Inventory> TakeAsync(TaskOrchestrationContext context, TenantDescriptor place, bool keepBackups)
    {
        try
        {
            return await context.CallActivityAsync(Tenants.TakeInventory, new InventoryRequest(place, keepBackups));
        }
        catch (TaskFailedException failure)
        {
            return new Inventory { Items = [new InventoryItem("inventory", place.Code, InventoryItem.Unknown, failure.Reason)] };
        }
    }
}
