using Bibind.Contracts;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Tenants;

/// <summary>Ends a provisioning that was undone: state, reason and proof, and the code is free again.</summary>
public sealed class MarkTenantFailed(TenantLifecycle tenants) : TaskActivity<TenantFailure, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantFailure input)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(input);
        await tenants.MarkFailedAsync(input, context.CancellationToken);
        return Unit.Value;
    }
}
