using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Rehearses an upgrade on a neutralised copy of the tenant, which is dropped whatever happens.</summary>
internal static class UpgradeRehearsal
{
    /// <summary>Measures a step under a name.</summary>
    internal delegate Task<Unit> Measure(string name, Func<Task<Unit>> step);

    /// <summary>Rehearses it.</summary>
    /// <returns>Why it failed, in words, or null; and the proof that nothing of it is left.</returns>
    public static async Task<(string? Fault, Inventory Inventory)> RunAsync(
        TaskOrchestrationContext context, UpgradeTenantInput input, UpgradeBegun begun, Measure measure)
    {
        string? fault = null;
        try
        {
            fault = await TryOutAsync(context, input, begun, measure);
        }
        catch (Exception failure) when (failure is TaskFailedException or BackupsOffException)
        {
            fault = Reasons.Of(failure);
        }

        return (fault, await DropAsync(context, begun));
    }

    /// <summary>Drops what was made for it; succeeds when there is nothing.</summary>
    public static async Task<Inventory> DropAsync(TaskOrchestrationContext context, UpgradeBegun begun)
    {
        var (copy, saga) = (begun.Copy!, new Saga(context));
        saga.UndoneBy(Backup.DeleteOne, BackupOf(begun));
        if (copy.HasFileStore)
        {
            saga.UndoneBy(FileStore.Remove, copy);
        }

        saga.UndoneBy(Upgrades.DropCopy, copy);
        var failed = await saga.UndoAsync();
        return await Inventories.TakeAsync(context, Upgrades.TakeInventory, copy, copy.Database) with { FailedUndoSteps = failed };
    }

    private static async Task<string?> TryOutAsync(TaskOrchestrationContext context, UpgradeTenantInput input, UpgradeBegun begun, Measure measure)
    {
        var (copy, target) = (begun.Copy!, new UpgradeTarget(input, begun.Copy!));
        await measure("rehearsal.copy", async () =>
        {
            await PreRestoreBackups.TakeAsync(context, begun.Place!, UpgradeBackups.Rehearsal);
            await context.CallActivityAsync(Upgrades.MakeCopy, new UpgradeCopyRequest(copy, BackupOf(begun)));
            if (copy.HasFileStore)
            {
                await context.CallActivityAsync(FileStore.Copy, copy);
            }

            return Unit.Value;
        });
        await measure("rehearsal.neutralise", () => context.CallActivityAsync(Upgrades.Neutralise, copy));
        if (input.Release.Kind == UpgradeKinds.Rpc)
        {
            await context.CallActivityAsync(Application.HandOver, copy);
            await measure("rehearsal.upgrade", () => context.CallActivityAsync(Upgrades.Apply, target));
        }
        else
        {
            await measure("rehearsal.upgrade", () => context.CallActivityAsync(Upgrades.Apply, target));
            await context.CallActivityAsync(Application.HandOver, copy);
        }

        string? fault = null;
        await measure("rehearsal.smoke-test", async () =>
        {
            fault = await UpgradeTenant.SmokeTestAsync(context, copy);
            return Unit.Value;
        });
        return fault is null ? null : $"The upgraded copy could not be opened: {fault}";
    }

    private static BackupRef BackupOf(UpgradeBegun begun) => new(begun.Place!.TenantId, PreRestoreBackups.IdOf(begun.Place, UpgradeBackups.Rehearsal));
}
