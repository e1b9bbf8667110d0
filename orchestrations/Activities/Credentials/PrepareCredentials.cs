using Bibind.Contracts;
using Bibind.ControlPlane.Secrets;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Credentials;

/// <summary>Makes the tenant's passwords and keeps them as secrets; those that are there already stay.</summary>
public sealed class PrepareCredentials(ISecretStore secrets, PreparedPasswords passwords) : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        var cancellationToken = context.CancellationToken;
        var id = place.TenantId;

        var prepared = new Lazy<PreparedPassword>(passwords.Take);
        var password = await secrets.GetOrSetAsync(TenantSecrets.Administrator(id), () => prepared.Value.Password, cancellationToken);
        await secrets.GetOrSetAsync(
            TenantSecrets.AdministratorHash(id),
            // An earlier attempt may have stored the password and not the hash.
            () => prepared.IsValueCreated && prepared.Value.Password == password ? prepared.Value.Hash
                : PasslibPbkdf2Sha512.Hash(password, PasslibPbkdf2Sha512.RandomTextRounds),
            cancellationToken);
        await secrets.GetOrSetAsync(TenantSecrets.User(id), RandomPassword.Make, cancellationToken);
        return Unit.Value;
    }
}
