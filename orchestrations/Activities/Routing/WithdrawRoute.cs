using Bibind.Contracts;
using Bibind.Durable;

namespace Bibind.Activities.Routing;

/// <summary>Withdraws the tenant's route.</summary>
public sealed class WithdrawRoute(IRouteProvider routes) : TaskActivity<TenantPlace, Nothing>
{
    /// <inheritdoc/>
    public override async Task<Nothing> RunAsync(TaskActivityContext context, TenantPlace place)
    {
        ArgumentNullException.ThrowIfNull(context);
        await routes.WithdrawAsync(place, context.CancellationToken);
        return Nothing.Value;
    }
}
