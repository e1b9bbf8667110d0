using Bibind.Contracts;
using Bibind.ControlPlane.Domains;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Routing;

/// <summary>Leads the tenant's host name to its server; with the platform's name those of its own, too.</summary>
public sealed class PublishRoute(IRouteProvider routes, ITenantDomains domains) : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        foreach (var at in await domains.BesidesAsync(place, onlyActive: true, context.CancellationToken))
        {
            await routes.PublishAsync(at, context.CancellationToken);
        }

        await routes.PublishAsync(place, context.CancellationToken);
        return Unit.Value;
    }
}
