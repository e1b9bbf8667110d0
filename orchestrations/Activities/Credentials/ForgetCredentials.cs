using Bibind.Contracts;
using Bibind.ControlPlane.Secrets;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Credentials;

/// <summary>Deletes every secret of a tenant.</summary>
public sealed class ForgetCredentials(ISecretStore secrets) : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        await secrets.DeleteAsync(TenantSecrets.Prefix(place.TenantId), context.CancellationToken);
        return Unit.Value;
    }
}
