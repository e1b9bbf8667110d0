using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Timers;

/// <summary>Sees to it that each moment of a schedule runs once, whatever the number of machines.</summary>
public sealed class TimerLedger(NpgsqlDataSource database)
{
    /// <summary>Runs the moment unless it, or a later one, has been run; the ledger moves on only if the run succeeds.</summary>
    /// <param name="name">The timer.</param>
    /// <param name="scheduledFor">The moment.</param>
    /// <param name="run">The work. While it lasts, other machines pass by; if this one dies, another runs it.</param>
    /// <param name="cancellationToken">Cancels the run.</param>
    /// <returns>False if it was run before, or another machine is running it.</returns>
    public async Task<bool> TryRunAsync(string name, DateTimeOffset scheduledFor, Func<CancellationToken, Task> run, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "insert into control.timers (name, ran_for) values (@name, '-infinity') on conflict (name) do nothing", new { name }, cancellationToken));
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var isDue = await connection.ExecuteScalarAsync<bool?>(Sql.Command(
            "select true from control.timers where name = @name and ran_for < @scheduledFor for update skip locked",
            new { name, scheduledFor }, transaction, cancellationToken));
        if (isDue is null)
        {
            return false;
        }

        await run(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "update control.timers set ran_for = @scheduledFor where name = @name", new { name, scheduledFor }, transaction, cancellationToken));
        await transaction.CommitAsync(CancellationToken.None);
        return true;
    }
}
