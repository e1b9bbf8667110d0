using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Takes the proof of what is left of a template's version, or of its trial.</summary>
internal static class VersionInventories
{
    /// <summary>An inventory that cannot be taken says so instead of hiding it.</summary>
    public static async Task<Inventory> TakeAsync(TaskOrchestrationContext context, VersionInventoryRequest request)
    {
        try
        {
            return await context.CallActivityAsync(TemplateVersions.TakeInventory, request);
        }
        catch (TaskFailedException failure)
        {
            return new Inventory
            {
                Items = [new InventoryItem("inventory", request.Version?.Database ?? request.Trial!.Database, InventoryItem.Unknown, failure.Reason)],
            };
        }
    }

    /// <summary>What is left, in words.</summary>
    public static string Words(Inventory inventory) => string.Join(
        "; ",
        inventory.Items.Where(i => i.State is InventoryItem.Present or InventoryItem.Unknown).Select(i => $"{i.Kind} {i.Name} is {i.State}").Concat(inventory.FailedUndoSteps));
}
