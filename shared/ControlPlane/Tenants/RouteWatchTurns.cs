using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Tenants;

/// <summary>Lets one machine look at the proxy in each interval, by the database's clock.</summary>
public sealed class RouteWatchTurns(NpgsqlDataSource database)
{
    // Timers of one interval do not tick to the microsecond.
    private const double Nearly = 0.8;

    /// <summary>True if it is the caller's turn.</summary>
    public async Task<bool> TryTakeAsync(TimeSpan interval, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<bool?>(Sql.Command(
            """
            insert into control.route_watch as w (only_row, looked_at) values (true, clock_timestamp())
            on conflict (only_row) do update set looked_at = excluded.looked_at
              where w.looked_at <= excluded.looked_at - @Interval or w.looked_at > excluded.looked_at
            returning true
            """,
            new { Interval = interval * Nearly }, cancellationToken)) ?? false;
    }
}
