using Bibind.Contracts;
using Bibind.ControlPlane.Domains;
using Bibind.ControlPlane.Suspensions;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Routing;

/// <summary>
/// Leads the tenant's host name to its server; with the platform's name those of its own, too. Of a tenant that is to stay suspended they show its
/// page, whoever asks: a restore, a renewed certificate or a new name opens nothing.
/// </summary>
public sealed class PublishRoute(IRouteProvider routes, ITenantDomains domains, ISuspensions suspensions) : TaskActivity<TenantDescriptor, Unit>
{
    private const int MostLooks = 5;

    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        var cancellationToken = context.CancellationToken;
        var page = RoutePages.Of(await suspensions.FindAsync(place.TenantId, cancellationToken));
        for (var look = 1; ; look++)
        {
            foreach (var at in await domains.BesidesAsync(place, onlyActive: true, cancellationToken))
            {
                await PutAsync(at, page, cancellationToken);
            }

            await PutAsync(place, page, cancellationToken);

            // Suspended or opened meanwhile: that job saw the names of before.
            var now = RoutePages.Of(await suspensions.FindAsync(place.TenantId, cancellationToken));
            if (now == page)
            {
                return Unit.Value;
            }

            page = look < MostLooks ? now : throw new TransientFailureException($"Tenant '{place.Code}' is being suspended and opened again and again.");
        }
    }

    private Task PutAsync(TenantDescriptor place, RoutePage? page, CancellationToken cancellationToken) =>
        page is { } shown ? routes.SuspendAsync(place, shown, cancellationToken) : routes.PublishAsync(place, cancellationToken);
}
