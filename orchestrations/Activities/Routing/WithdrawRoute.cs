using Bibind.Contracts;
using Bibind.ControlPlane.Domains;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Routing;

/// <summary>Withdraws the tenant's route; with the platform's name those of its own names, too.</summary>
public sealed class WithdrawRoute(IRouteProvider routes, ITenantDomains domains) : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (await domains.CloseAsync(place, context.CancellationToken) is { } busy)
        {
            // Taken down now, it would be put up again behind our back.
            throw new TransientFailureException($"The domain '{busy}' is being set up at this moment; it is removed when that has ended.");
        }

        foreach (var at in await domains.BesidesAsync(place, onlyActive: false, context.CancellationToken))
        {
            await routes.WithdrawAsync(at, context.CancellationToken);
        }

        await routes.WithdrawAsync(place, context.CancellationToken);
        return Unit.Value;
    }
}
