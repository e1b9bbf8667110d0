using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Ends the making of a tenant that failed: undo, proof, state, and word to the caller.</summary>
internal static class ProvisionFailure
{
    public static async Task EndAsync(TaskOrchestrationContext context, Saga saga, long tenantId, string jobId, TenantDescriptor? place, string reason)
    {
        var failedUndoSteps = await saga.UndoAsync();
        var inventory = place is null ? new Inventory() : await Inventories.TakeAsync(context, place, keepBackups: false);
        await context.CallActivityAsync(Tenants.MarkFailed, new TenantFailure
        {
            TenantId = tenantId,
            JobId = jobId,
            Reason = reason,
            Inventory = inventory with { FailedUndoSteps = failedUndoSteps },
        });
        if (place is not null)
        {
            await Callbacks.TellAsync(context, place, "failed", reason);
        }
    }

    /// <summary>What was put off, in words.</summary>
    public static IEnumerable<string> Notes(params StepOutcome?[] outcomes) =>
        outcomes.Where(o => o is { Done: false, Note: not null }).Select(o => o!.Note!);
}
