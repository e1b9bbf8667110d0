using Bibind.Contracts;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Credentials.Resets;

/// <summary>Closes the job of new passwords.</summary>
public sealed class EndCredentialReset(TenantCredentialJobs jobs) : TaskActivity<CredentialResetEnd, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, CredentialResetEnd end)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(end);
        await jobs.EndAsync(end, context.CancellationToken);
        return Unit.Value;
    }
}
