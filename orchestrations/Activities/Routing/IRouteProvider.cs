using Bibind.Contracts;

namespace Bibind.Activities.Routing;

/// <summary>Publishes tenants at a reverse proxy.</summary>
public interface IRouteProvider
{
    /// <summary>Leads the host name to the tenant's server, after a suspension too; succeeds when it does already.</summary>
    Task PublishAsync(TenantDescriptor place, CancellationToken cancellationToken);

    /// <summary>Answers for the host name with a page, until the route is published again.</summary>
    Task SuspendAsync(TenantDescriptor place, RoutePage page, CancellationToken cancellationToken);

    /// <summary>Withdraws the route; succeeds when there is none.</summary>
    Task WithdrawAsync(TenantDescriptor place, CancellationToken cancellationToken);

    /// <summary>True if the tenant's route is there, as the proxy answers now.</summary>
    Task<bool> ExistsAsync(TenantDescriptor place, CancellationToken cancellationToken);

    /// <summary>What the proxy does with the host name, as it answers now.</summary>
    Task<RouteInfo> LookAsync(TenantDescriptor place, CancellationToken cancellationToken);
}

/// <summary>What a proxy does with a host name.</summary>
public enum RouteInfo
{
    /// <summary>Whoever keeps the routes is not asked by us.</summary>
    NotKept,

    /// <summary>It has no route of this name, or not the one that was written.</summary>
    Absent,

    /// <summary>It has a route that is not this tenant's.</summary>
    Foreign,

    /// <summary>It leads to the application.</summary>
    Open,

    /// <summary>It answers with a page, whichever.</summary>
    Page,
}
