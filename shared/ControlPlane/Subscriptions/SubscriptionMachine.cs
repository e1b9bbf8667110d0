using System.Globalization;
using static Bibind.ControlPlane.Subscriptions.SubscriptionEvent;
using static Bibind.ControlPlane.Subscriptions.SubscriptionOutcome;
using SuspensionCauses = Bibind.Contracts.SuspensionCauses;

namespace Bibind.ControlPlane.Subscriptions;

/// <summary>
/// What becomes of a subscription: a state and an event make the next state. No clock, no database; <c>docs/subscriptions.md</c> has the
/// diagram. What the clock does is in <see cref="SubscriptionClock"/>.
/// </summary>
/// <remarks>
/// Billing's messages carry numbers. State, plan and cancellation each remember the number that decided them: a message that comes late
/// decides only what no later one has decided. Money is counted whenever it comes.
/// </remarks>
public static class SubscriptionMachine
{
    /// <summary>Applies an event.</summary>
    /// <param name="subscription">As it is.</param>
    /// <param name="happened">What happens.</param>
    /// <param name="terms">What the sold plan says.</param>
    /// <param name="sequence">The number of billing's message; null for whatever else.</param>
    public static SubscriptionOutcome Apply(Subscription subscription, SubscriptionEvent happened, SubscriptionTerms terms, long? sequence = null)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        ArgumentNullException.ThrowIfNull(terms);
        return sequence < subscription.OpenedSequence
            ? new Passed($"It is about the tenant that had the code before: this one's subscription began with number {Text(subscription.OpenedSequence)}.")
            : happened switch
            {
                Paid paid => Pay(subscription, paid, terms, sequence),
                PaymentFailed failed => Fail(subscription, failed, terms, sequence),
                PlanChanged changed => ChangePlan(subscription, changed, sequence),
                Suspended suspended => Suspend(subscription, suspended, sequence),
                Resumed resumed => Resume(subscription, resumed, terms, sequence),
                Cancelled cancelled => Cancel(subscription, cancelled, sequence),
                TenantGone gone => subscription.State == SubscriptionStates.Cancelled
                    ? new Passed("It is cancelled already.")
                    : new Done(End(subscription, gone.At)),
                Edited edited => Edit(subscription, edited),
                _ => throw new ArgumentOutOfRangeException(nameof(happened), happened, "There is no such event."),
            };
    }

    private static SubscriptionOutcome Pay(Subscription now, Paid paid, SubscriptionTerms terms, long? sequence)
    {
        var decides = Decides(sequence, now.StateSequence);
        if (now.State == SubscriptionStates.Cancelled && Decides(sequence, now.CancelSequence) && decides)
        {
            return new Refused("It is paid after the end of the subscription: pay it back, or bring the tenant back and replay this message.");
        }

        var next = Extend(now, paid, terms);
        if (now is { CancelsAtEnd: true, State: not SubscriptionStates.Cancelled } && sequence < now.CancelSequence)
        {
            // It was paid before it was cancelled, so that the period at whose end it ends is the longer one.
            next = next with { CancelAt = next.PaidUntil };
        }

        if (!decides || now.State == SubscriptionStates.Cancelled)
        {
            return new Done(next, $"The payment counts; the state was decided by number {Text(Math.Max(now.StateSequence, now.CancelSequence))}.");
        }

        next = next with { StateSequence = sequence ?? now.StateSequence };
        return now.Suspension == SuspensionCauses.Operator
            ? new Done(next, "The payment counts; the subscription stays suspended, for it is so by an operator's wish.")
            : new Done(Activate(next));
    }

    // Goes on where the paid time ended, but what was paid once grace was over begins with the payment: nobody pays for a closed tenant.
    private static Subscription Extend(Subscription now, Paid paid, SubscriptionTerms terms)
    {
        if (paid.PeriodEnd is { } end)
        {
            return now with
            {
                PaidUntil = now.PaidUntil > end ? now.PaidUntil : end,
                CreditedFrom = now.CreditedFrom < end ? null : now.CreditedFrom,
                AnchorDay = now.PaidUntil > end ? now.AnchorDay : AnchorOf(end, now),
            };
        }

        if (now.CreditedFrom is { } credited)
        {
            return now with { PaidUntil = BillingPeriod.EndOf(credited, now.Period, now.AnchorDay), CreditedFrom = null };
        }

        var from = now.PaidUntil is { } until && paid.At <= until.AddDays(terms.GraceDays) ? until
            : now.PaidUntil is null && now.TrialUntil is { } trial && paid.At <= trial ? trial
            : paid.At;
        var anchor = from == now.PaidUntil ? now.AnchorDay : from.UtcDateTime.Day;
        return now with { PaidUntil = BillingPeriod.EndOf(from, now.Period, anchor), AnchorDay = anchor };
    }

    // Billing that says the last day of February means the anchor that was.
    private static int AnchorOf(DateTimeOffset end, Subscription now)
    {
        var day = end.UtcDateTime;
        return day.Day < now.AnchorDay && day.Day == DateTime.DaysInMonth(day.Year, day.Month) ? now.AnchorDay : day.Day;
    }

    private static SubscriptionOutcome Fail(Subscription now, PaymentFailed failed, SubscriptionTerms terms, long? sequence)
    {
        if (Over(now, sequence) is { } passed)
        {
            return passed;
        }

        var next = now with { StateSequence = sequence ?? now.StateSequence };
        var since = now.PastDueSince < failed.At ? now.PastDueSince.Value : failed.At;
        return now.State switch
        {
            SubscriptionStates.Active or SubscriptionStates.PastDue => new Done(
                next with { State = SubscriptionStates.PastDue, PastDueSince = since, GraceUntil = since.AddDays(terms.GraceDays) }),
            SubscriptionStates.Suspended when now.PastDueSince is not null => new Done(next with { PastDueSince = since }, "It is suspended already."),
            SubscriptionStates.Trial => new Done(next, "A trial owes nothing: it goes on until its end."),
            _ => new Done(next, $"It is {now.State} already."),
        };
    }

    private static SubscriptionOutcome ChangePlan(Subscription now, PlanChanged changed, long? sequence)
    {
        if (now.State == SubscriptionStates.Cancelled)
        {
            return new Passed("The subscription has ended.");
        }

        if (!Decides(sequence, now.PlanSequence))
        {
            return new Passed($"Number {Text(now.PlanSequence)} has decided the plan.");
        }

        var next = now with { Plan = changed.Plan, Period = changed.Period ?? now.Period, PlanSequence = sequence ?? now.PlanSequence };
        return new Done(next, next.Plan == now.Plan && next.Period == now.Period ? "It has that plan already." : null);
    }

    private static SubscriptionOutcome Suspend(Subscription now, Suspended suspended, long? sequence)
    {
        if (Over(now, sequence) is { } passed)
        {
            return passed;
        }

        var next = now with { StateSequence = sequence ?? now.StateSequence };
        return now.State == SubscriptionStates.Suspended && (now.Suspension == suspended.Cause || suspended.Cause == SuspensionCauses.Payment)
            ? new Done(next, "It is suspended already.")
            : new Done(next with { State = SubscriptionStates.Suspended, Suspension = suspended.Cause, GraceUntil = null });
    }

    private static SubscriptionOutcome Resume(Subscription now, Resumed resumed, SubscriptionTerms terms, long? sequence)
    {
        var (state, cancellation) = (Decides(sequence, now.StateSequence), Decides(sequence, now.CancelSequence));
        if (now.State == SubscriptionStates.Cancelled)
        {
            return cancellation
                ? new Refused("The subscription has ended and cannot be resumed: bring the tenant back, or order it anew, and replay this message.")
                : new Passed($"Number {Text(now.CancelSequence)} has cancelled it.");
        }

        if (!state && !cancellation)
        {
            return new Passed($"Number {Text(Math.Min(now.StateSequence, now.CancelSequence))} and later ones have decided state and cancellation.");
        }

        var next = now;
        if (cancellation)
        {
            next = next with { CancelAt = null, CancelsAtEnd = false, CancelSequence = sequence ?? now.CancelSequence };
        }

        if (state)
        {
            next = Reopen(next with { StateSequence = sequence ?? now.StateSequence, MayResume = true }, resumed.At, terms);
        }

        return new Done(next);
    }

    // Billing's word opens it although it is not paid: what is unpaid gets a new grace period.
    private static Subscription Reopen(Subscription now, DateTimeOffset at, SubscriptionTerms terms)
    {
        var next = Activate(now);
        return now.PaidUntil is null && now.TrialUntil > at ? next with { State = SubscriptionStates.Trial }
            : now.PaidUntil <= at ? next with { State = SubscriptionStates.PastDue, PastDueSince = at, GraceUntil = at.AddDays(terms.GraceDays) }
            : next;
    }

    private static SubscriptionOutcome Cancel(Subscription now, Cancelled cancelled, long? sequence)
    {
        if (now.State == SubscriptionStates.Cancelled)
        {
            return new Passed("It is cancelled already.");
        }

        if (!Decides(sequence, now.CancelSequence))
        {
            return new Passed($"Number {Text(now.CancelSequence)} has decided that it goes on, or when it ends.");
        }

        var next = now with { CancelSequence = sequence ?? now.CancelSequence, FinalBackup = cancelled.FinalBackup };
        if (!cancelled.AtPeriodEnd)
        {
            return new Done(End(next, cancelled.At));
        }

        // A renewal that nobody has paid is taken back: the customer had left before it began.
        if (now.CreditedFrom > cancelled.At)
        {
            next = next with { PaidUntil = now.CreditedFrom, CreditedFrom = null };
        }

        // Who left during a trial leaves with it, also if that is heard of later.
        var end = next.PaidUntil ?? (now.TrialUntil >= cancelled.At ? now.TrialUntil : now.State == SubscriptionStates.Expired ? cancelled.At : null)
            ?? BillingPeriod.EndAround(cancelled.At, now.StartedAt, now.Period, now.AnchorDay);

        // To say it again does not put the end off.
        return now.CancelAt <= end ? new Done(next, "It was cancelled for an earlier end already.")
            : new Done(next with { CancelAt = end, CancelsAtEnd = next.PaidUntil is not null });
    }

    private static SubscriptionOutcome Edit(Subscription now, Edited edited)
    {
        if (now.State == SubscriptionStates.Cancelled)
        {
            return new Refused("The subscription has ended: bring the tenant back, or order a new one.");
        }

        var next = now with { Plan = edited.Plan ?? now.Plan, Period = edited.Period ?? now.Period };
        if (edited.CancelAt is { } cancel)
        {
            next = next with { CancelAt = cancel.Value, CancelsAtEnd = false };
        }

        if (edited.PaidUntil is { } paid)
        {
            next = next with { PaidUntil = paid.Value, CreditedFrom = null, AnchorDay = paid.Value?.UtcDateTime.Day ?? now.AnchorDay };
            var isPaid = paid.Value > edited.Now || (paid.Value is null && now.State != SubscriptionStates.Trial);
            next = isPaid && now.Suspension != SuspensionCauses.Operator ? Activate(next) : next;
        }

        return new Done(next);
    }

    /// <summary>Ends it: whatever was owed is owed no more here.</summary>
    internal static Subscription End(Subscription now, DateTimeOffset at) =>
        Activate(now) with { State = SubscriptionStates.Cancelled, CancelAt = at, CancelsAtEnd = false };

    private static Subscription Activate(Subscription now) =>
        now with { State = SubscriptionStates.Active, Suspension = null, PastDueSince = null, GraceUntil = null };

    private static Passed? Over(Subscription now, long? sequence) =>
        now.State == SubscriptionStates.Cancelled ? new Passed("The subscription has ended.")
        : !Decides(sequence, now.StateSequence) ? new Passed($"Number {Text(now.StateSequence)} has decided the state.")
        : null;

    private static bool Decides(long? sequence, long decided) => sequence is null || sequence > decided;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
