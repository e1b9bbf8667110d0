using Bibind.Contracts;

namespace Bibind.Activities.Routing;

/// <summary>The provider <c>none</c>: the proxy leads every host name to the server, which chooses the database by its name.</summary>
public sealed class NoRoute : IRouteProvider
{
    /// <inheritdoc/>
    public Task PublishAsync(TenantDescriptor place, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task SuspendAsync(TenantDescriptor place, RoutePage page, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task WithdrawAsync(TenantDescriptor place, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task<bool> ExistsAsync(TenantDescriptor place, CancellationToken cancellationToken) => Task.FromResult(false);

    /// <inheritdoc/>
    public Task<RouteInfo> LookAsync(TenantDescriptor place, CancellationToken cancellationToken) => Task.FromResult(RouteInfo.NotKept);
}
