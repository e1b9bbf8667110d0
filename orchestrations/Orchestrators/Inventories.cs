using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Takes the proof of what is left.</summary>
internal static class Inventories
{
    /// <summary>Asks every server about a tenant.</summary>
    public static Task<Inventory> TakeAsync(TaskOrchestrationContext context, TenantDescriptor place, bool keepBackups) =>
        TakeAsync(context, Tenants.TakeInventory, new InventoryRequest(place, keepBackups), place.Code);

    /// <summary>Asks about a template's version, or its trial.</summary>
    public static Task<Inventory> TakeAsync(TaskOrchestrationContext context, VersionInventoryRequest request) =>
        TakeAsync(context, TemplateVersions.TakeInventory, request, request.Version?.Database ?? request.Trial!.Database);

    /// <summary>Takes one; an inventory that cannot be taken says so instead of hiding it.</summary>
    /// <param name="context">The orchestration's.</param>
    /// <param name="activity">Takes it.</param>
    /// <param name="input">What of.</param>
    /// <param name="name">What it would be of, in one word.</param>
    public static async Task<Inventory> TakeAsync<T>(TaskOrchestrationContext context, ActivityDefinition<T, Inventory> activity, T input, string name)
    {
        try
        {
            return await context.CallActivityAsync(activity, input);
        }
        catch (TaskFailedException failure)
        {
            return Unknown(name, failure.Reason);
        }
    }

    /// <summary>The inventory of what could not be asked about.</summary>
    public static Inventory Unknown(string name, string reason) => new() { Items = [new InventoryItem("inventory", name, InventoryItem.Unknown, reason)] };

    /// <summary>What is left, in words.</summary>
    public static string Words(Inventory inventory) => string.Join(
        "; ",
        inventory.Items.Where(i => i.State is InventoryItem.Present or InventoryItem.Unknown).Select(i => $"{i.Kind} {i.Name} is {i.State}").Concat(inventory.FailedUndoSteps));
}
