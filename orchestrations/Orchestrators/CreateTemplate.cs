using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Makes a golden database that tenants are cloned from, or leaves nothing behind.</summary>
public sealed class CreateTemplate : TaskOrchestrator<CreateTemplateOrder, TemplateReady>
{
    /// <inheritdoc/>
    public override async Task<TemplateReady> RunAsync(TaskOrchestrationContext context, CreateTemplateOrder order)
    {
        var saga = new Saga(context);
        try
        {
            await context.CallActivityAsync(Templates.Check, order);
            await saga.DoAsync(Templates.CreateDatabase, order, undoneBy: Templates.DropDatabase);
            await context.CallActivityAsync(Templates.Initialise, order);
            await context.CallActivityAsync(Templates.SmokeTest, order);
            return await context.CallActivityAsync(Templates.MarkReady, order);
        }
        catch (TaskFailedException failure)
        {
            var failedUndoSteps = await saga.UndoAsync();
            var reason = failedUndoSteps.Count == 0
                ? failure.Reason
                : $"{failure.Reason} And not undone: {string.Join("; ", failedUndoSteps)}";
            await context.CallActivityAsync(Templates.MarkFailed, new TemplateFailure(order.TemplateId, order.JobId, reason));
            throw;
        }
    }
}
