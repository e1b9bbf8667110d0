using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Recovery;

/// <summary>What is recorded of the control database's own backups.</summary>
public sealed class ControlBackups(NpgsqlDataSource database)
{
    /// <summary>Of which moment the newest complete one is; null if there is none.</summary>
    public async Task<DateTimeOffset?> FindNewestAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var isKnown = await connection.ExecuteScalarAsync<bool>(Sql.Command("select to_regclass('control.control_backups') is not null", null, cancellationToken));
        var at = isKnown
            ? await connection.ExecuteScalarAsync<DateTime?>(Sql.Command(
                "select max(began_at) from control.control_backups where completed_at is not null", null, cancellationToken))
            : null;
        return at is { } known ? new DateTimeOffset(known, TimeSpan.Zero) : null;
    }
}
