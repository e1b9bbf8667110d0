using Bibind.Contracts;
using Bibind.ControlPlane.Secrets;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Credentials.Resets;

/// <summary>Makes the passwords that the application has taken those that are shown, once.</summary>
public sealed class CompleteCredentialReset(ISecretStore secrets) : TaskActivity<PasswordsTaken, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, PasswordsTaken taken)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(taken);
        var id = taken.Place.TenantId;
        List<(string From, string To)> moves =
        [
            (NewPasswords.AdministratorHash(id), TenantSecrets.AdministratorHash(id)),
            (NewPasswords.Administrator(id), TenantSecrets.Administrator(id)),
        ];

        // A standard user that is still to be made gets the password that it was to have.
        if (taken.HasUser)
        {
            moves.Add((NewPasswords.User(id), TenantSecrets.User(id)));
        }

        foreach (var (from, to) in moves)
        {
            // Gone if an earlier attempt was through with everything.
            if (await secrets.FindAsync(from, context.CancellationToken) is { } value)
            {
                await secrets.SetAsync(to, value, context.CancellationToken);
            }
        }

        await secrets.DeleteAsync(NewPasswords.Prefix(id), context.CancellationToken);
        return Unit.Value;
    }
}
