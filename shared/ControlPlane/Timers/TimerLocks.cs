using Npgsql;

namespace Bibind.ControlPlane.Timers;

/// <summary>Lets one host at a time look after the eternal orchestrations.</summary>
public sealed class TimerLocks(NpgsqlDataSource database)
{
    /// <summary>Waits until no other host is at it, then does the work.</summary>
    public async Task RunAloneAsync(Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await RequestLocks.TakeAsync(connection, transaction, RequestLocks.Timers, [], cancellationToken);
        await work(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
