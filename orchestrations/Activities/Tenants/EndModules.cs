using Bibind.Contracts;
using Bibind.ControlPlane.Modules;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Tenants;

/// <summary>Ends a change of modules: the record of who wanted what, tenant and job.</summary>
public sealed class EndModules(TenantModuleStore modules) : TaskActivity<ModulesEnd, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, ModulesEnd end)
    {
        ArgumentNullException.ThrowIfNull(context);
        await context.EnsureLeaseHeldAsync();
        await modules.EndAsync(end, context.CancellationToken);
        return Unit.Value;
    }
}
