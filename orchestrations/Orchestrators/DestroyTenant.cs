using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Removes a tenant from every server and proves it; keeps one last backup unless told otherwise.</summary>
public sealed class DestroyTenant : TaskOrchestrator<DestroyTenantOrder, TenantDestroyed>
{
    /// <inheritdoc/>
    public override async Task<TenantDestroyed> RunAsync(TaskOrchestrationContext context, DestroyTenantOrder order)
    {
        TenantDescriptor? place = null;
        try
        {
            place = await context.CallActivityAsync(Tenants.BeginDestroy, order);
            // Nothing is removed before the last copy is safe.
            var backup = order.FinalBackup && !order.FinalBackupTaken
                ? await context.CallActivityAsync(Backup.Take, new BackupRequest(place, "final"))
                : null;
            var failedSteps = await RemoveAsync(context, place, order.FinalBackup);
            var inventory = await Inventories.TakeAsync(context, place, keepBackups: order.FinalBackup);
            inventory = inventory with { FailedUndoSteps = failedSteps };
            var reason = inventory.IsClean ? null : Describe(inventory);
            await EndAsync(context, order, inventory, reason);
            await Callbacks.TellAsync(context, place, reason is null ? "terminated" : "failed", reason);
            return reason is null
                ? new TenantDestroyed { Code = order.Code, FinalBackupKey = backup?.Key, Inventory = inventory }
                : throw new LeftoversException(reason);
        }
        catch (TaskFailedException failure)
        {
            await EndAsync(context, order, new Inventory(), failure.Reason);
            if (place is not null)
            {
                await Callbacks.TellAsync(context, place, "failed", failure.Reason);
            }

            throw;
        }
    }

    /// <summary>From the outside in: nobody reaches a database that is being dropped.</summary>
    private static async Task<IReadOnlyList<string>> RemoveAsync(TaskOrchestrationContext context, TenantDescriptor place, bool keepBackups)
    {
        var saga = new Saga(context);
        if (!keepBackups)
        {
            saga.UndoneBy(Backup.DeleteAll, place);
        }

        saga.UndoneBy(Credentials.Forget, place);
        if (place.HasFileStore)
        {
            saga.UndoneBy(FileStore.Remove, place);
        }

        saga.UndoneBy(Database.Drop, place);
        saga.UndoneBy(Storage.DeleteBucket, place);
        saga.UndoneBy(Certificates.Revoke, place);
        saga.UndoneBy(Dns.DeleteRecord, place);
        saga.UndoneBy(Routing.Withdraw, place);
        return await saga.UndoAsync();
    }

    private static Task<Unit> EndAsync(TaskOrchestrationContext context, DestroyTenantOrder order, Inventory inventory, string? reason) =>
        context.CallActivityAsync(Tenants.EndDestroy, new TenantDestroyEnd
        {
            TenantId = order.TenantId,
            JobId = order.JobId,
            Inventory = inventory,
            Reason = reason,
        });

    private static string Describe(Inventory inventory) =>
        "Something is left: " + string.Join("; ", inventory.Items
            .Where(i => i.State is InventoryItem.Present or InventoryItem.Unknown)
            .Select(i => $"{i.Kind} {i.Name} is {i.State}{(i.Detail is null ? string.Empty : $" ({i.Detail})")}")
            .Concat(inventory.FailedUndoSteps));
}

/// <summary>A tenant was not removed completely; the message says what is left.</summary>
public sealed class LeftoversException(string message) : Exception(message);
