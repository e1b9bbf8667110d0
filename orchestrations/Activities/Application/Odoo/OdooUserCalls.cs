using Bibind.Contracts;
using Bibind.Durable;

namespace Bibind.Activities.Application.Odoo;

/// <summary>
/// Makes users at an Odoo server with an API key: by <c>/json/2</c> where it answers (19 and later), else by JSON-RPC. Bodies and keys
/// are never logged, nor part of an error.
/// </summary>
public sealed class OdooUserCalls(OdooRpc rpc, OdooJson json)
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(20);

    /// <summary>Creates a user without a password and without an invitation.</summary>
    /// <param name="server">Address of the server.</param>
    /// <param name="place">Whose database it is made in.</param>
    /// <param name="key">The administrator's key.</param>
    /// <param name="user">Its fields.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="PermanentFailureException">The application refused it; its own words.</exception>
    /// <exception cref="ApplicationAwayException">The application is not there.</exception>
    /// <exception cref="TransientFailureException">It failed for the moment.</exception>
    public async Task CreateAsync(Uri server, TenantDescriptor place, OdooKey key, IReadOnlyDictionary<string, object?> user, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(place);
        ArgumentNullException.ThrowIfNull(key);

        // Without it the application mails an invitation in the customer's name.
        var context = new { no_reset_password = true };
        var call = new OdooCall("res.users", "create", new { vals_list = new[] { user }, context }, CallLimit);
        if (!await json.TryCallAsync(server, place, key, call, cancellationToken))
        {
            await rpc.CallAsync(
                server, "object", "execute_kw", CallLimit, cancellationToken,
                place.Database, key.UserId, key.Value, call.Model, call.Method, new object[] { new[] { user } }, new { context });
        }
    }
}
