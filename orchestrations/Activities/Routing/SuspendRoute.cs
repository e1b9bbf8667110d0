using Bibind.Contracts;
using Bibind.ControlPlane.Domains;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Routing;

/// <summary>Shows a page instead of the application at the tenant's host name; with the platform's name at those of its own, too.</summary>
public sealed class SuspendRoute(IRouteProvider routes, ITenantDomains domains) : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        foreach (var at in await domains.BesidesAsync(place, onlyActive: true, context.CancellationToken))
        {
            await routes.SuspendAsync(at, context.CancellationToken);
        }

        await routes.SuspendAsync(place, context.CancellationToken);
        return Unit.Value;
    }
}
