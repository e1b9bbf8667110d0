using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.Durable;

namespace Bibind.Activities.Upgrades;

/// <summary>The sessions in a database that only an upgrade may be in, and what became of a transaction there.</summary>
public sealed class UpgradeSessions(PostgresConnector postgres)
{
    private const string StatusSql = "select txid_status($1)";
    private const string Committed = "committed";
    private const string Aborted = "aborted";

    /// <summary>Ends them: what an attempt left that died, or a statement that does not end though it was told to.</summary>
    public async Task EndAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        await using var session = await postgres.OpenMaintenanceAsync(place.ServerId, $"bibind upgrade {place.Code}", cancellationToken);
        await session.TranslateErrorsAsync(place.Database, () => DatabaseSessions.EndAsync(session, place.Database, cancellationToken));
    }

    /// <summary>True if a transaction of an earlier attempt was committed, by what the server itself knows.</summary>
    /// <exception cref="TransientFailureException">It has not ended.</exception>
    /// <exception cref="PermanentFailureException">The server has forgotten it.</exception>
    public async Task<bool> IsCommittedAsync(TenantDescriptor place, long transaction, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        await using var session = await postgres.OpenMaintenanceAsync(place.ServerId, $"bibind upgrade {place.Code}", cancellationToken);
        var status = await session.TranslateErrorsAsync(
            place.Database, () => session.QueryAsync(StatusSql, row => row.IsDBNull(0) ? null : row.GetString(0), cancellationToken, transaction));
        return status.SingleOrDefault() switch
        {
            Committed => true,
            Aborted => false,
            null => throw new PermanentFailureException($"Whether an earlier attempt ran the statements in '{place.Database}' cannot be told any more: the server has forgotten transaction {transaction}."),
            _ => throw new TransientFailureException($"An earlier attempt is still running the statements in '{place.Database}'."),
        };
    }
}
