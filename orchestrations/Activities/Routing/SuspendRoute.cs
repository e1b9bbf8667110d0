using Bibind.Contracts;
using Bibind.ControlPlane.Domains;
using Bibind.ControlPlane.Suspensions;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Routing;

/// <summary>Shows a page instead of the application at the tenant's host name; with the platform's name at those of its own, too.</summary>
public sealed class SuspendRoute(IRouteProvider routes, ITenantDomains domains, ISuspensions suspensions) : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        var page = RoutePages.Of(await suspensions.FindAsync(place.TenantId, context.CancellationToken)) ?? RoutePage.Unavailable;
        foreach (var at in await domains.BesidesAsync(place, onlyActive: true, context.CancellationToken))
        {
            await routes.SuspendAsync(at, page, context.CancellationToken);
        }

        await routes.SuspendAsync(place, page, context.CancellationToken);
        return Unit.Value;
    }
}
