using Bibind.Contracts;
using Bibind.Durable;

namespace Bibind.Activities.Routing;

/// <summary>Leads the tenant's host name to its server.</summary>
public sealed class PublishRoute(IRouteProvider routes) : TaskActivity<TenantPlace, Nothing>
{
    /// <inheritdoc/>
    public override async Task<Nothing> RunAsync(TaskActivityContext context, TenantPlace place)
    {
        ArgumentNullException.ThrowIfNull(context);
        await routes.PublishAsync(place, context.CancellationToken);
        return Nothing.Value;
    }
}
