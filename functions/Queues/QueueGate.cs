using Bibind.Functions.Problems;
using Npgsql;

namespace Bibind.Functions.Queues;

/// <summary>
/// Closes when a handler finds the control database away, and opens when it is back: meanwhile messages stay at the broker,
/// instead of using up their attempts one after the other.
/// </summary>
/// <param name="isAway">Whether a failure means that.</param>
/// <param name="probe">Throws as long as it is away.</param>
/// <param name="untilReady">Completes when it has been there once.</param>
internal sealed class QueueGate(Func<Exception, bool> isAway, Func<CancellationToken, Task> probe, Func<CancellationToken, Task> untilReady, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);
    private int _closed;

    /// <summary>A gate that the control database opens and closes.</summary>
    public static QueueGate Of(NpgsqlDataSource database, IControlPlaneReadiness readiness, TimeProvider time, ILogger logger) => new(
        TransientDatabaseError.Is,
        async cancellation =>
        {
            await using var command = database.CreateCommand("select 1");
            await command.ExecuteScalarAsync(cancellation);
        },
        readiness.UntilReadyAsync, time, logger);

    /// <summary>Looks at a handler's failure.</summary>
    public void Report(Exception failure)
    {
        if (isAway(failure) && Interlocked.Exchange(ref _closed, 1) == 0)
        {
            Logs.GateClosed(logger);
        }
    }

    /// <summary>Completes as soon as it makes sense to take messages.</summary>
    public async Task UntilOpenAsync(CancellationToken cancellationToken)
    {
        await untilReady(cancellationToken);
        for (var pause = FirstPause; Volatile.Read(ref _closed) == 1; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                await probe(cancellationToken);
                if (Interlocked.Exchange(ref _closed, 0) == 1)
                {
                    Logs.GateOpened(logger);
                }
            }
            catch (Exception) when (!cancellationToken.IsCancellationRequested)
            {
                await Task.Delay(pause, time, cancellationToken);
            }
        }
    }
}
