using Bibind.Activities.Certificates;
using Bibind.Contracts;
using Bibind.ControlPlane.Servers;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Routing;

/// <summary>Puts together what a tenant's route needs.</summary>
internal sealed class TenantRoutes(IServerDirectory servers, ITenantCertificates certificates, IOptions<RoutingOptions> options)
{
    public async Task<TenantRoute> MakeAsync(TenantDescriptor place, RoutePage? page, CancellationToken cancellationToken)
    {
        var server = await servers.GetConnectionAsync(place.ServerId, cancellationToken);
        return TenantRoute.Of(place, server, await certificates.FindAsync(place, cancellationToken), page, options.Value);
    }
}
