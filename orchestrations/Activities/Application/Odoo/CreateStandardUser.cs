using Bibind.Activities.Credentials;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.ControlPlane.Secrets;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Application.Odoo;

/// <summary>
/// Makes the customer's standard user through the application, which gives it its groups, by one call with a key of a few minutes.
/// The password is written afterwards: the application would hash it for a second.
/// </summary>
public sealed class CreateStandardUser(
    PostgresConnector postgres, ISecretStore secrets, OdooUserCalls odoo, ILogger<CreateStandardUser> logger) : TaskActivity<TenantDescriptor, StepOutcome>
{
    /// <inheritdoc/>
    public override async Task<StepOutcome> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        var cancellationToken = context.CancellationToken;
        var password = await secrets.FindAsync(TenantSecrets.User(place.TenantId), cancellationToken)
            ?? throw new PermanentFailureException($"The passwords of tenant '{place.Code}' are not among the secrets.");
        await using var session = await postgres.OpenAsync(place, cancellationToken);
        var state = await session.TranslateErrorsAsync(() => StandardUserRows.BeginAsync(session.Connection, place, password, cancellationToken));
        if (state.Freed)
        {
            logger.LoginFreed(place.Database);
        }

        if (state.IsDone)
        {
            return new StepOutcome(true);
        }

        if (!state.Exists && await FindFaultAsync(session, place, state.Key!, cancellationToken) is { } fault)
        {
            logger.ApplicationSilent(place.ServerCode);
            return new StepOutcome(false, $"The standard user was not made: {fault}");
        }

        return await session.TranslateErrorsAsync(async () =>
        {
            await StandardUserRows.EndAsync(session.Connection, place, password, cancellationToken);
            return new StepOutcome(true);
        });
    }

    // Null if the user is there; why not, if the application is away.
    private async Task<string?> FindFaultAsync(DatabaseSession session, TenantDescriptor place, OdooKey key, CancellationToken cancellationToken)
    {
        var isThere = false;
        try
        {
            await odoo.CreateAsync(session.Server.Url, place, key, Describe(place), cancellationToken);
            isThere = true;
        }
        catch (ApplicationAwayException away)
        {
            return away.Message;
        }
        catch (PermanentFailureException) when (!cancellationToken.IsCancellationRequested)
        {
            // Another delivery of this step may have been faster: then the login is taken, and by whom it should be.
            isThere = await session.TranslateErrorsAsync(() => StandardUserRows.ExistsAsync(session.Connection, place, cancellationToken));
            if (!isThere)
            {
                throw;
            }
        }
        finally
        {
            if (!isThere)
            {
                await RemoveKeyAsync(session);
            }
        }

        return null;
    }

    // The cancelled attempt removes it too; one that cannot leaves it to the next, and to its end.
    private static async Task RemoveKeyAsync(DatabaseSession session)
    {
        try
        {
            await StandardUserRows.RemoveKeyAsync(session.Connection, CancellationToken.None);
        }
        catch (Npgsql.NpgsqlException)
        {
            return;
        }
    }

    private static Dictionary<string, object?> Describe(TenantDescriptor place)
    {
        var login = TenantSecrets.UserLogin(place);
        return new Dictionary<string, object?>
        {
            ["name"] = string.IsNullOrWhiteSpace(place.CustomerName) ? place.Name : place.CustomerName,
            ["login"] = login,
            ["email"] = login,
            ["lang"] = place.Locale.Language,
            ["tz"] = place.Locale.TimeZone,
        };
    }
}
