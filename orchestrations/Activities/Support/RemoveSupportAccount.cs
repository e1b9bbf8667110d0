using Bibind.Activities.Application;
using Bibind.Activities.Database;
using Bibind.Activities.Suspensions;
using Bibind.Contracts;
using Bibind.ControlPlane.Support;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.Activities.Support;

/// <summary>
/// Removes an operator's account from where the tenant's database is now, and from the copies that moves have left meanwhile, by SQL alone: it does not wait for an
/// application that is away. A job that brings a former state of the database back may bring the account back with it, so that it is looked at again once there is none.
/// </summary>
public sealed class RemoveSupportAccount(
    SupportLifecycle lifecycle, SupportSecrets secrets, PostgresConnector postgres, ApplicationProviders applications, SuspendedDatabases suspended, SupportInCopies copies,
    TimeProvider time, ILogger<RemoveSupportAccount> logger) : TaskActivity<SupportAccessOrder, SupportRemoved>
{
    private const string NotThere = "The account was not in the tenant's database any more: somebody there had removed it, or a former state of the database was brought back.";
    private const string IsFrozenSql = "select datistemplate from pg_database where datname = current_database()";

    /// <inheritdoc/>
    public override async Task<SupportRemoved> RunAsync(TaskActivityContext context, SupportAccessOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        var cancellationToken = context.CancellationToken;
        var since = time.GetUtcNow();
        if (await lifecycle.BeginRemovalAsync(order, cancellationToken) is not var (access, place))
        {
            return new SupportRemoved(IsFinal: true, null, []);
        }

        var account = access.Account with
        {
            Password = await secrets.FindPasswordAsync(order.TenantId, order.AccessId, cancellationToken),
            Hash = await secrets.FindHashAsync(order.TenantId, order.AccessId, cancellationToken),
        };
        var isBroughtBack = await lifecycle.IsBroughtBackAsync(order, since, cancellationToken);
        await using var entry = await suspended.EnterAsync(place, cancellationToken);
        await using var session = await postgres.OpenAsync(place, cancellationToken);
        var lockout = await session.TranslateErrorsAsync(async () =>
        {
            // Closed to be copied: nobody signs in there, and what is written would not be in the copy.
            if (isBroughtBack && await IsFrozenAsync(session.Connection, cancellationToken))
            {
                return null;
            }

            await context.EnsureLeaseHeldAsync();
            return await applications.Of(place.Application).LockOutSupportAsync(session.Connection, account, cancellationToken);
        });
        if (lockout is null)
        {
            return new SupportRemoved(IsFinal: false, null, []);
        }

        logger.SupportAccountRemoved(access.Id, place.Database, lockout.WasThere, lockout.Left.Count);
        var unseen = await copies.LockOutAsync(access, account, place, context, cancellationToken);
        string?[] notes = [lockout.WasThere || access.AccountId is null ? null : NotThere, .. unseen];

        // A job that was closed before it was undone has no end of its own that could be asked for: what was under way at first is under way.
        return new SupportRemoved(
            !isBroughtBack && !await lifecycle.IsBroughtBackAsync(order, since, cancellationToken),
            string.Join(' ', notes.OfType<string>()) is { Length: > 0 } note ? note : null,
            lockout.Left);
    }

    private static async Task<bool> IsFrozenAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var look = new NpgsqlCommand(IsFrozenSql, connection);
        return await look.ExecuteScalarAsync(cancellationToken) is true;
    }
}
