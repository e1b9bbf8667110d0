using Bibind.Contracts;
using Bibind.ControlPlane.Support;
using Npgsql;

namespace Bibind.Activities.Application;

/// <summary>
/// Takes operators' accounts out of databases that are brought back, before anybody sees them: a backup that was taken while an access was open has its account.
/// That of an access which is open yet stays in its own tenant, for its end removes it from there.
/// </summary>
public sealed class SupportCleaning(ISupportAccounts accounts, ApplicationProviders applications)
{
    /// <summary>Does it.</summary>
    /// <param name="connection">The restored database.</param>
    /// <param name="place">Whose it becomes.</param>
    /// <param name="backedUp">Whose it was.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task RunAsync(NpgsqlConnection connection, TenantDescriptor place, long backedUp, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        foreach (var account in await accounts.ListAsync(backedUp, besidesLive: place.TenantId == backedUp && !place.IsRehearsal, cancellationToken))
        {
            await applications.Of(place.Application).LockOutSupportAsync(connection, account, cancellationToken);
        }
    }
}
