using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.ControlPlane.Upgrades;
using Bibind.Durable;
using Npgsql;

namespace Bibind.Activities.Upgrades;

/// <summary>
/// Runs the statements of a release in one transaction, once, as who owns what the tenant has: what the tenant planted there (triggers,
/// functions, operators) runs with no more than that, and is ended when the time is up. Which transaction it was is remembered before it
/// is committed; a tenant could not forge that.
/// </summary>
public sealed class ReleaseStatements(PostgresConnector postgres, UpgradeSessions sessions, IUpgradeTransactions transactions, TimeProvider time)
{
    private const int LongestWords = 500;
    private const string TransactionSql = "select pg_catalog.txid_current()";

    // The limit is the release's; locks are waited for as in any session of ours.
    private const string NoLimitSql = "set statement_timeout = 0";

    /// <summary>Runs them, unless an earlier attempt did.</summary>
    /// <exception cref="PermanentFailureException">A statement was refused, ended the transaction, or did not end within the limit.</exception>
    public async Task RunAsync(UpgradeTarget target, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        var (order, place) = target;
        await sessions.EndAsync(place, cancellationToken);
        if (await transactions.FindAsync(order.JobId, place.IsRehearsal, cancellationToken) is { } earlier
            && await sessions.IsCommittedAsync(place, earlier, cancellationToken))
        {
            return;
        }

        var limit = TimeSpan.FromMinutes(order.Release.LimitMinutes);
        using var limited = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limited.Token);
        var isDone = false;
        try
        {
            await using var session = await postgres.OpenAsync(place, cancellationToken);
            isDone = await session.TranslateErrorsAsync(() => RunAsync(session, target, either.Token));
        }
        catch (Exception late) when (limited.IsCancellationRequested && !cancellationToken.IsCancellationRequested && late is not PermanentFailureException)
        {
            throw new PermanentFailureException($"The statements in '{place.Database}' did not end within {limit} (limitMinutes) and were stopped.");
        }
        finally
        {
            if (!isDone)
            {
                // A function may catch that it is told to end.
                using var cleanup = LeaseFence.SuspendForCleanup();
                await sessions.EndAsync(place, CancellationToken.None);
            }
        }
    }

    private async Task<bool> RunAsync(DatabaseSession session, UpgradeTarget target, CancellationToken cancellationToken)
    {
        var (order, place) = target;
        var statements = order.Release.Statements;
        await ExecuteAsync(session, NoLimitSql, cancellationToken);
        await using var transaction = await session.Connection.BeginTransactionAsync(cancellationToken);
        var id = await FindTransactionAsync(session, cancellationToken);
        await transactions.RememberAsync(order.JobId, place.IsRehearsal, id, cancellationToken);
        for (var i = 0; i < statements.Count; i++)
        {
            try
            {
                await ExecuteAsync(session, statements[i], cancellationToken);
            }
            catch (PostgresException refused) when (IsOfTheStatement(refused))
            {
                throw new PermanentFailureException($"Statement {i + 1} of {statements.Count} was refused in '{place.Database}': {Cut(refused.MessageText)} (SQLSTATE {refused.SqlState}).");
            }

            if (await FindTransactionAsync(session, cancellationToken) != id)
            {
                throw new PermanentFailureException($"Statement {i + 1} of {statements.Count} ended the transaction in '{place.Database}': all of them are run in one, which is ours to end.");
            }
        }

        await LeaseFence.EnsureHeldAsync();
        try
        {
            await transaction.CommitAsync(cancellationToken);
        }
        catch (PostgresException refused) when (IsOfTheStatement(refused))
        {
            throw new PermanentFailureException($"The statements were refused in '{place.Database}' when they were committed: {Cut(refused.MessageText)} (SQLSTATE {refused.SqlState}).");
        }

        return true;
    }

    // Of connections, locks, resources and operators who intervene, another attempt may see nothing.
    private static bool IsOfTheStatement(PostgresException refused) => refused.SqlState[..2] is not ("08" or "40" or "53" or "57" or "58" or "XX") && refused.SqlState != PostgresErrorCodes.LockNotAvailable;

    private static string Cut(string words) => words.Length > LongestWords ? $"{words[..LongestWords]}…" : words;

    private static async Task<long> FindTransactionAsync(DatabaseSession session, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(TransactionSql, session.Connection) { CommandTimeout = 0 };
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task ExecuteAsync(DatabaseSession session, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, session.Connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
