using Bibind.Activities.Routing;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Tenants;

/// <summary>Asks the proxy for the route of every tenant that should have one, and publishes those that it has lost, as after a restart without its memory.</summary>
public sealed class RepairRoutes(RouteRepair repair, IOptions<RoutingOptions> options) : TaskActivity<Unit, int>
{
    /// <inheritdoc/>
    public override async Task<int> RunAsync(TaskActivityContext context, Unit input)
    {
        ArgumentNullException.ThrowIfNull(context);
        return options.Value.Provider == RoutingOptions.None ? 0 : await repair.RunAsync(context.InstanceId, context.CancellationToken);
    }
}
