using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Timers;

/// <summary>
/// Remembers for when a wake-up was sent ahead: however many pumps see the same timer, one of them sends. Without it each
/// wake-up would breed another, for ever.
/// </summary>
public sealed class WakeUpLedger(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>True if a wake-up must be sent for <paramref name="due"/>: none is on its way for then or earlier.</summary>
    public async Task<bool> TryArmAsync(DateTimeOffset due, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<bool?>(Sql.Command(
            """
            insert into control.wake_ups as w (only_row, armed_for) values (true, @due)
            on conflict (only_row) do update set armed_for = excluded.armed_for
            where w.armed_for <= @Now or w.armed_for > excluded.armed_for
            returning true
            """,
            new { due, Now = time.GetUtcNow() }, cancellationToken)) ?? false;
    }
}
