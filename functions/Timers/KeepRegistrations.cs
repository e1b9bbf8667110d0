using Bibind.ControlPlane.Registrations;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Triggers;

namespace Bibind.Functions.Timers;

/// <summary>
/// Tries orders of proven registrations again, ends registrations whose time is up, and forgets persons. Each machine does, for the rows that no other has; a
/// repetition finds nothing to do.
/// </summary>
internal sealed class KeepRegistrations(
    RegistrationRounds rounds, RegistrationLimits limits, RegistrationOrdering ordering, ILogger<KeepRegistrations> logger) : ITimerFunction
{
    private const int MostOrders = 50;

    public async Task RunAsync(TimerTick tick, CancellationToken cancellationToken)
    {
        var expired = await rounds.ExpireAsync(cancellationToken);
        var tried = 0;
        foreach (var id in await rounds.FindDueAsync(MostOrders, cancellationToken))
        {
            tried += await TryAsync(id, cancellationToken) ? 1 : 0;
        }

        var forgotten = await rounds.ForgetAsync(cancellationToken);
        await limits.PurgeAsync(cancellationToken);
        if (expired + tried + forgotten > 0)
        {
            Logs.RegistrationsKept(logger, tried, expired, forgotten);
        }
    }

    private async Task<bool> TryAsync(long id, CancellationToken cancellationToken)
    {
        try
        {
            return await ordering.RetryAsync(id, cancellationToken);
        }
        catch (Exception failed) when (!cancellationToken.IsCancellationRequested && !TransientDatabaseError.Is(failed))
        {
            // One that fails is not in the way of the others.
            Logs.RegistrationNotTried(logger, id, failed);
            return false;
        }
    }
}
