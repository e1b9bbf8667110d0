using Bibind.Contracts;
using Bibind.Durable;

namespace Bibind.Activities.Routing;

/// <summary>Shows a page at the tenant's host name instead of the application.</summary>
public sealed class SuspendRoute(IRouteProvider routes) : TaskActivity<TenantPlace, Nothing>
{
    /// <inheritdoc/>
    public override async Task<Nothing> RunAsync(TaskActivityContext context, TenantPlace place)
    {
        ArgumentNullException.ThrowIfNull(context);
        await routes.SuspendAsync(place, context.CancellationToken);
        return Nothing.Value;
    }
}
