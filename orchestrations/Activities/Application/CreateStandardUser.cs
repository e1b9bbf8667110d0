using System.Text.Json;
using Bibind.Activities.Credentials;
using Bibind.Contracts;
using Bibind.ControlPlane.Secrets;
using Bibind.ControlPlane.Servers;
using Bibind.Durable;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Application;

/// <summary>Makes the customer's standard user through the application, which gives it its groups.</summary>
public sealed class CreateStandardUser(
    IServerDirectory servers, ISecretStore secrets, OdooRpc odoo, ILogger<CreateStandardUser> logger) : TaskActivity<TenantPlace, StepOutcome>
{
    /// <inheritdoc/>
    public override async Task<StepOutcome> RunAsync(TaskActivityContext context, TenantPlace place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        var cancellationToken = context.CancellationToken;
        var server = await servers.GetConnectionAsync(place.ServerId, cancellationToken);
        if (await odoo.FindVersionAsync(server.Url, cancellationToken) is null)
        {
            logger.ApplicationSilent(place.ServerCode);
            return new StepOutcome(false, $"The standard user was not made: the application at {server.Url.Authority} does not answer.");
        }

        var administrator = await SignInAsync(server.Url, place, cancellationToken);
        var login = TenantSecrets.UserLogin(place);
        if (await ExistsAsync(administrator, login, cancellationToken))
        {
            return new StepOutcome(true);
        }

        try
        {
            await CreateAsync(administrator, login, place, cancellationToken);
        }
        catch (PermanentFailureException) when (!cancellationToken.IsCancellationRequested)
        {
            // Another delivery of this step may have been faster: then the login is taken, and by whom it should be.
            if (!await ExistsAsync(administrator, login, cancellationToken))
            {
                throw;
            }
        }

        return new StepOutcome(true);
    }

    private async Task<Session> SignInAsync(Uri server, TenantPlace place, CancellationToken cancellationToken)
    {
        var password = await SecretAsync(TenantSecrets.Administrator(place.TenantId), place, cancellationToken);
        var uid = await odoo.CallAsync(
            server, "common", "authenticate", cancellationToken,
            place.Database, TenantSecrets.AdministratorLogin, password, new Dictionary<string, object>());
        return uid.ValueKind == JsonValueKind.Number
            ? new Session(server, place.Database, uid.GetInt32(), password)
            : throw new PermanentFailureException($"The application at {server.Authority} refused the administrator of '{place.Database}'.");
    }

    private async Task<bool> ExistsAsync(Session administrator, string login, CancellationToken cancellationToken)
    {
        var found = await CallAsync(
            administrator, "search", [new object[] { new object[] { "login", "=", login } }], new { active_test = false }, cancellationToken);
        return found.ValueKind == JsonValueKind.Array && found.GetArrayLength() > 0;
    }

    private async Task CreateAsync(Session administrator, string login, TenantPlace place, CancellationToken cancellationToken)
    {
        var user = new Dictionary<string, object?>
        {
            ["name"] = string.IsNullOrWhiteSpace(place.CustomerName) ? place.Name : place.CustomerName,
            ["login"] = login,
            ["email"] = login,
            ["password"] = await SecretAsync(TenantSecrets.User(place.TenantId), place, cancellationToken),
            ["lang"] = place.Locale.Language,
            ["tz"] = place.Locale.TimeZone,
        };
        // Without it the application mails an invitation in the customer's name.
        await CallAsync(administrator, "create", [new object[] { user }], new { no_reset_password = true }, cancellationToken);
    }

    private Task<JsonElement> CallAsync(Session session, string method, object?[] arguments, object context, CancellationToken cancellationToken) =>
        odoo.CallAsync(
            session.Server, "object", "execute_kw", cancellationToken,
            session.Database, session.UserId, session.Password, "res.users", method, arguments, new { context });

    private async Task<string> SecretAsync(string name, TenantPlace place, CancellationToken cancellationToken) =>
        await secrets.FindAsync(name, cancellationToken)
        ?? throw new PermanentFailureException($"The passwords of tenant '{place.Code}' are not among the secrets.");

    private sealed record Session(Uri Server, string Database, int UserId, string Password)
    {
        public override string ToString() => $"{UserId}@{Database}";
    }
}
