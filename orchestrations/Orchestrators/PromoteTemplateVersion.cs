using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>
/// Tries a candidate out and then has orders take it: a clone of it is completed as a tenant's is, opened through the application, and
/// dropped. Only when nothing of the trial is left does the version become current; what fails leaves everything as it was.
/// </summary>
public sealed class PromoteTemplateVersion : TaskOrchestrator<PromoteVersionOrder, VersionPromoted>
{
    // The application loads a database when it is first asked for it, which may take longer than it is given to answer.
    private static readonly TimeSpan[] Pauses = [TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5)];

    /// <inheritdoc/>
    public override async Task<VersionPromoted> RunAsync(TaskOrchestrationContext context, PromoteVersionOrder order)
    {
        var saga = new Saga(context);
        TenantDescriptor? trial = null;
        string? fault;
        try
        {
            trial = await context.CallActivityAsync(TemplateVersions.BeginTrial, order);
            fault = await TryOutAsync(context, saga, trial);
        }
        catch (TaskFailedException failure)
        {
            fault = failure.Reason;
        }

        var failedUndoSteps = await saga.UndoAsync();
        var inventory = trial is null ? new Inventory() : await Inventories.TakeAsync(context, new VersionInventoryRequest(Version: null, trial));
        inventory = inventory with { FailedUndoSteps = failedUndoSteps };
        fault ??= inventory.IsClean ? null : $"The trial passed, and something of it is left: {Inventories.Words(inventory)}. Remove it and promote again.";
        if (fault is null)
        {
            try
            {
                return await context.CallActivityAsync(TemplateVersions.Promote, new TrialEnd(order, inventory));
            }
            catch (TaskFailedException failure)
            {
                fault = failure.Reason;
            }
        }

        await context.CallActivityAsync(TemplateVersions.Refuse, new TrialEnd(order, inventory, fault));
        throw new TrialFailedException(fault);
    }

    /// <returns>Why it failed, in words; null if it did not.</returns>
    private static async Task<string?> TryOutAsync(TaskOrchestrationContext context, Saga saga, TenantDescriptor trial)
    {
        // What an earlier trial left that was ended from outside is not built upon.
        await context.CallActivityAsync(Database.Drop, trial);
        if (trial.HasFileStore)
        {
            await context.CallActivityAsync(FileStore.Remove, trial);
        }

        await saga.DoAsync(Credentials.Prepare, trial, undoneBy: Credentials.Forget);
        if (trial.HasFileStore)
        {
            await saga.DoAsync(FileStore.Copy, trial, undoneBy: FileStore.Remove);
        }

        await saga.DoAsync(Database.Clone, trial, undoneBy: Database.Drop);
        await context.CallActivityAsync(Application.Configure, trial);
        await context.CallActivityAsync(Application.HandOver, trial);
        for (var attempt = 0; ; attempt++)
        {
            var outcome = await context.CallActivityAsync(Application.SmokeTest, trial);
            if (outcome.Done)
            {
                return null;
            }

            if (attempt == Pauses.Length)
            {
                return $"A clone of it could not be opened: {outcome.Note}";
            }

            await context.CreateTimer(Pauses[attempt]);
        }
    }
}

/// <summary>A version that did not pass its trial.</summary>
public sealed class TrialFailedException(string reason) : Exception(reason);
