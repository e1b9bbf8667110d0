using Bibind.Contracts;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Tenants;

/// <summary>Ends a destroy: stores the proof, and the tenant is terminated if it is clean.</summary>
public sealed class EndDestroyTenant(TenantLifecycle tenants) : TaskActivity<TenantDestroyEnd, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDestroyEnd input)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(input);
        await tenants.EndDestroyAsync(input, context.CancellationToken);
        return Unit.Value;
    }
}
