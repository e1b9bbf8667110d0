using Bibind.Contracts;

namespace Bibind.ControlPlane.Subscriptions;

/// <summary>One thing that time did to a subscription.</summary>
/// <param name="Event">As the record of changes calls it.</param>
/// <param name="At">When it was due.</param>
/// <param name="Before">As it was.</param>
/// <param name="After">As it is then.</param>
public sealed record SubscriptionStep(string Event, DateTimeOffset At, Subscription Before, Subscription After);

/// <summary>What time does to subscriptions: trials end, periods end or are renewed, grace runs out, cancellations fall due.</summary>
public static class SubscriptionClock
{
    public const string CancellationDue = "cancellation-due";
    public const string TrialEnded = "trial-ended";
    public const string Renewed = "renewed";
    public const string PeriodEnded = "period-ended";
    public const string GraceEnded = "grace-ended";

    /// <summary>When time changes it next; null if it does not. The database derives <c>due_at</c> in the same way.</summary>
    public static DateTimeOffset? DueAt(Subscription subscription)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        var own = subscription.State switch
        {
            SubscriptionStates.Trial => subscription.TrialUntil,
            SubscriptionStates.Active => subscription.PaidUntil,
            SubscriptionStates.PastDue => subscription.GraceUntil,
            _ => null,
        };
        return subscription.State == SubscriptionStates.Cancelled ? null
            : own < subscription.CancelAt || subscription.CancelAt is null ? own
            : subscription.CancelAt;
    }

    /// <summary>Everything that has fallen due, one after the other, however long nobody looked.</summary>
    public static IReadOnlyList<SubscriptionStep> Run(Subscription subscription, SubscriptionTerms terms, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        ArgumentNullException.ThrowIfNull(terms);
        var steps = new List<SubscriptionStep>();
        while (DueAt(subscription) is { } due && due <= now)
        {
            var (name, next) = Next(subscription, terms, due);
            steps.Add(new SubscriptionStep(name, due, subscription, next));
            subscription = next;
        }

        return steps;
    }

    private static (string Name, Subscription Next) Next(Subscription now, SubscriptionTerms terms, DateTimeOffset due)
    {
        if (now.CancelAt == due)
        {
            return (CancellationDue, SubscriptionMachine.End(now, due));
        }

        if (now.State == SubscriptionStates.Trial)
        {
            return (TrialEnded, now with { State = SubscriptionStates.Expired });
        }

        if (now.State == SubscriptionStates.PastDue)
        {
            return (GraceEnded, now with { State = SubscriptionStates.Suspended, Suspension = SuspensionCauses.Payment, GraceUntil = null });
        }

        // One month on credit at most, also of a year: who has not paid it gets no further one.
        var end = BillingPeriod.EndOf(due, BillingPeriod.Monthly, now.AnchorDay);
        return terms.AutoRenew && now.CreditedFrom is null && end > due
            ? (Renewed, now with { PaidUntil = end, CreditedFrom = due })
            : (PeriodEnded, now with { State = SubscriptionStates.PastDue, PastDueSince = due, GraceUntil = due.AddDays(terms.GraceDays) });
    }
}
