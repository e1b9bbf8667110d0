using Bibind.Contracts;
using Bibind.ControlPlane.Secrets;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Credentials.Resets;

/// <summary>Finds the tenant whose open job this is and makes its new passwords; those that are there already stay.</summary>
public sealed class BeginCredentialReset(TenantCredentialJobs jobs, ISecretStore secrets) : TaskActivity<ResetCredentialsOrder, TenantDescriptor>
{
    /// <inheritdoc/>
    public override async Task<TenantDescriptor> RunAsync(TaskActivityContext context, ResetCredentialsOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        var cancellationToken = context.CancellationToken;
        var place = await jobs.ConfirmAsync(order.TenantId, order.JobId, cancellationToken);
        var id = place.TenantId;
        var password = await secrets.GetOrSetAsync(NewPasswords.Administrator(id), RandomPassword.Make, cancellationToken);

        // Fewer rounds than the application's own, which it raises at the first sign-in: the password is as good as random bytes.
        await secrets.GetOrSetAsync(
            NewPasswords.AdministratorHash(id), () => PasslibPbkdf2Sha512.Hash(password, PasslibPbkdf2Sha512.RandomTextRounds), cancellationToken);
        await secrets.GetOrSetAsync(NewPasswords.User(id), RandomPassword.Make, cancellationToken);
        return place;
    }
}
