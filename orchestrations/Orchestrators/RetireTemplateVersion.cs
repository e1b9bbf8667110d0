using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Drops the database and the files of a version that nobody takes any more; what somebody else made is left.</summary>
public sealed class RetireTemplateVersion : TaskOrchestrator<CreateTemplateOrder, VersionRetired>
{
    /// <inheritdoc/>
    public override async Task<VersionRetired> RunAsync(TaskOrchestrationContext context, CreateTemplateOrder version)
    {
        string? fault = null;
        try
        {
            await context.CallActivityAsync(Templates.DropDatabase, version);
        }
        catch (TaskFailedException failure)
        {
            fault = failure.Reason;
        }

        var inventory = await Inventories.TakeAsync(context, new VersionInventoryRequest(version, Trial: null));
        return await context.CallActivityAsync(TemplateVersions.EndRetirement, new RetirementEnd(version, inventory, fault));
    }
}
