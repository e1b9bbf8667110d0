using Bibind.Activities.Application;
using Bibind.Activities.Application.Odoo;
using Bibind.Activities.Credentials;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.ControlPlane.Support;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Support;

/// <summary>
/// Makes an operator's account through the application, which gives it its groups, by one call with a key of a few minutes. It is remembered before it has a password:
/// whatever ends this in between, nothing is left that somebody could sign in with and nobody knows of.
/// </summary>
public sealed class CreateSupportAccount(
    SupportLifecycle lifecycle, SupportSecrets secrets, PostgresConnector postgres, OdooUserCalls odoo, ILogger<CreateSupportAccount> logger) : TaskActivity<SupportAccessOrder, bool>
{
    private const int LongestName = 60;

    /// <inheritdoc/>
    public override async Task<bool> RunAsync(TaskActivityContext context, SupportAccessOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        var cancellationToken = context.CancellationToken;
        if (await lifecycle.BeginAsync(order, cancellationToken) is not var (access, place))
        {
            return false;
        }

        var password = await secrets.PasswordAsync(order.TenantId, order.AccessId, RandomPassword.Make, cancellationToken);
        var hash = await secrets.HashAsync(
            order.TenantId, order.AccessId, () => PasslibPbkdf2Sha512.Hash(password, PasslibPbkdf2Sha512.RandomTextRounds), cancellationToken);
        await using var session = await postgres.OpenAsync(place, cancellationToken);
        var user = await MakeAsync(session, access, place, cancellationToken);
        await context.EnsureLeaseHeldAsync();
        if (!await lifecycle.RecordAccountAsync(order, user.Id, user.Mark, cancellationToken))
        {
            return false;
        }

        return await session.TranslateErrorsAsync(async () =>
        {
            await context.EnsureLeaseHeldAsync();
            await OdooSupportRows.FinishAsync(session.Connection, user, access.Login, access.Level, hash, cancellationToken);
            logger.SupportAccountMade(access.Id, place.Database);
            return true;
        });
    }

    private async Task<OdooSupportUser> MakeAsync(DatabaseSession session, SupportAccess access, TenantDescriptor place, CancellationToken cancellationToken)
    {
        var isRecorded = access.AccountId is not null;
        var (there, key) = await session.TranslateErrorsAsync(() => OdooSupportRows.BeginAsync(session.Connection, access.Login, isRecorded, cancellationToken));
        if (there is not null)
        {
            return there;
        }

        if (isRecorded)
        {
            throw new PermanentFailureException($"The account '{access.Login}' was made, and is not there any more: somebody in the tenant's application has renamed or removed it.");
        }

        OdooSupportUser? made = null;
        try
        {
            await odoo.CreateAsync(session.Server.Url, place, key!, Describe(access, place), cancellationToken);
        }
        catch (ApplicationAwayException away)
        {
            throw new TransientFailureException($"The account was not made: {away.Message}");
        }
        catch (PermanentFailureException) when (!cancellationToken.IsCancellationRequested)
        {
            // Another delivery of this step may have been faster: then the login is taken, and by whom it should be.
            made = await FindAsync(session, access, cancellationToken);
            if (made is null)
            {
                throw;
            }
        }
        finally
        {
            await RemoveKeyAsync(session);
        }

        return made ?? await FindAsync(session, access, cancellationToken)
            ?? throw new TransientFailureException("The application says that it made the account, and the account is not there.");
    }

    private static Task<OdooSupportUser?> FindAsync(DatabaseSession session, SupportAccess access, CancellationToken cancellationToken) =>
        session.TranslateErrorsAsync(() => OdooSupportRows.FindAsync(session.Connection, access.Login, isRecorded: false, cancellationToken));

    // The cancelled attempt removes it too; one that cannot leaves it to the next, and to its end.
    private static async Task RemoveKeyAsync(DatabaseSession session)
    {
        try
        {
            await OdooSupportRows.RemoveKeyAsync(session.Connection, CancellationToken.None);
        }
        catch (Npgsql.NpgsqlException)
        {
            return;
        }
    }

    private static Dictionary<string, object?> Describe(SupportAccess access, TenantDescriptor place)
    {
        var who = access.RequestedBy.Length <= LongestName ? access.RequestedBy : access.RequestedBy[..LongestName];
        return new Dictionary<string, object?>
        {
            ["name"] = $"Support ({who})",
            ["login"] = access.Login,
            ["lang"] = place.Locale.Language,
            ["tz"] = place.Locale.TimeZone,
        };
    }
}
