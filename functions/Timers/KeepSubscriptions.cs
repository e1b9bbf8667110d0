using System.Globalization;
using Bibind.ControlPlane.Subscriptions;
using Bibind.Functions.Ordering;
using Bibind.Functions.Triggers;

namespace Bibind.Functions.Timers;

/// <summary>
/// Lets time change subscriptions, and tenants follow them. Each machine does, for the rows that no other has; a repetition finds nothing
/// to do, for what is due is due once.
/// </summary>
internal sealed class KeepSubscriptions(
    SubscriptionRounds rounds, SubscriptionReminders reminders, SubscriptionOrdering ordering, ILogger<KeepSubscriptions> logger) : ITimerFunction
{
    // What many tenants need at once is spread over the next rounds.
    private const int MostTenants = 200;

    // Only hosts of the version before make tenants without subscriptions.
    private const int MinuteOfMissing = 7;

    public async Task RunAsync(TimerTick tick, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(tick);
        var moment = tick.ScheduledFor.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var cause = new SubscriptionCause(SubscriptionCause.Timer, $"{tick.Name} {moment}", "timer");
        if (tick.ScheduledFor.Minute % 10 == MinuteOfMissing)
        {
            await rounds.OpenMissingAsync(cause, cancellationToken);
        }

        var due = await rounds.AdvanceAsync(cause, cancellationToken);
        var gone = await rounds.EndGoneAsync(cause, cancellationToken);
        var reminded = await reminders.RemindAsync(cancellationToken);
        var looked = 0;
        foreach (var id in await rounds.FindToFollowAsync(MostTenants, cancellationToken))
        {
            looked += await FollowAsync(id, cancellationToken) ? 1 : 0;
        }

        if (reminded > 0)
        {
            Logs.SubscriptionReminders(logger, reminded);
        }

        if (due + gone + looked > 0)
        {
            Logs.SubscriptionsKept(logger, due, gone, looked);
        }
    }

    private async Task<bool> FollowAsync(long id, CancellationToken cancellationToken)
    {
        try
        {
            return await ordering.FollowAsync(id, cancellationToken);
        }
        catch (Exception failed) when (!cancellationToken.IsCancellationRequested && !Problems.TransientDatabaseError.Is(failed))
        {
            // One that fails is not in the way of the others.
            Logs.SubscriptionLookFailed(logger, id, failed);
            await rounds.PutOffAsync(id, SubscriptionFollower.DelayAfter(1), "Looking at the tenant failed; the log says how.", cancellationToken);
            return false;
        }
    }
}
