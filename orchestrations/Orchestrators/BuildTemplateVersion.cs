using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Makes the next version of a template, a candidate that no order takes yet, or leaves nothing behind.</summary>
public sealed class BuildTemplateVersion : TaskOrchestrator<BuildVersionOrder, TemplateReady>
{
    /// <inheritdoc/>
    public override async Task<TemplateReady> RunAsync(TaskOrchestrationContext context, BuildVersionOrder order)
    {
        var version = order.Version;
        var saga = new Saga(context);
        try
        {
            if (order.IsAttached)
            {
                return await context.CallActivityAsync(TemplateVersions.Attach, version);
            }

            await context.CallActivityAsync(Templates.Check, version);
            await saga.DoAsync(Templates.CreateDatabase, version, undoneBy: Templates.DropDatabase);
            await context.CallActivityAsync(Templates.Initialise, version);
            await context.CallActivityAsync(Templates.SmokeTest, version);
            return await context.CallActivityAsync(TemplateVersions.MarkCandidate, version);
        }
        catch (TaskFailedException failure)
        {
            var failedUndoSteps = await saga.UndoAsync();
            var inventory = await Inventories.TakeAsync(context, new VersionInventoryRequest(version, Trial: null));
            await context.CallActivityAsync(
                TemplateVersions.MarkFailed,
                new VersionFailure(version, failure.Reason, inventory with { FailedUndoSteps = failedUndoSteps }));
            throw;
        }
    }
}
