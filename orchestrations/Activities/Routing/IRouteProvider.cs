using Bibind.Contracts;

namespace Bibind.Activities.Routing;

/// <summary>Publishes tenants at a reverse proxy.</summary>
public interface IRouteProvider
{
    /// <summary>Leads the host name to the tenant's server, after a suspension too; succeeds when it does already.</summary>
    Task PublishAsync(TenantDescriptor place, CancellationToken cancellationToken);

    /// <summary>Answers for the host name with a page and status 503, until the route is published again.</summary>
    Task SuspendAsync(TenantDescriptor place, CancellationToken cancellationToken);

    /// <summary>Withdraws the route; succeeds when there is none.</summary>
    Task WithdrawAsync(TenantDescriptor place, CancellationToken cancellationToken);

    /// <summary>True if the tenant's route is there, as the proxy answers now.</summary>
    Task<bool> ExistsAsync(TenantDescriptor place, CancellationToken cancellationToken);
}
