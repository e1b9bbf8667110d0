using System.Globalization;
using Bibind.ControlPlane.Subscriptions;
using static Bibind.ControlPlane.Subscriptions.SubscriptionEvent;
using SuspensionCauses = Bibind.Contracts.SuspensionCauses;

namespace Bibind.ControlPlane.Tests;

/// <summary>What becomes of a subscription, state by state: the tables of docs/subscriptions.md.</summary>
public sealed class SubscriptionMachineTests
{
    private static readonly SubscriptionTerms Terms = new(GraceDays: 14, AutoRenew: false);
    private static readonly DateTimeOffset Now = Day(10);

    // Paid until day 30, or on trial until day 20; number 5 has decided everything.
    private static Subscription In(string state) => new()
    {
        Id = 1,
        State = state,
        StartedAt = Day(0),
        Plan = "starter",
        PaidUntil = state is "trial" or "expired" ? null : Day(30),
        TrialUntil = state is "trial" or "expired" ? Day(state == "trial" ? 20 : 5) : null,
        PastDueSince = state is "past_due" or "suspended" ? Day(1) : null,
        GraceUntil = state == "past_due" ? Day(15) : null,
        Suspension = state == "suspended" ? SuspensionCauses.Payment : null,
        StateSequence = 5,
        PlanSequence = 5,
        CancelSequence = 5,
    };

    [Theory]
    [InlineData("trial", "paid", "active")]
    [InlineData("trial", "failed", "trial")]
    [InlineData("trial", "suspended", "suspended")]
    [InlineData("trial", "resumed", "trial")]
    [InlineData("trial", "cancelled", "cancelled")]
    [InlineData("trial", "at-end", "trial")]
    [InlineData("active", "paid", "active")]
    [InlineData("active", "failed", "past_due")]
    [InlineData("active", "suspended", "suspended")]
    [InlineData("active", "resumed", "active")]
    [InlineData("active", "cancelled", "cancelled")]
    [InlineData("active", "at-end", "active")]
    [InlineData("past_due", "paid", "active")]
    [InlineData("past_due", "failed", "past_due")]
    [InlineData("past_due", "suspended", "suspended")]
    [InlineData("past_due", "resumed", "active")]
    [InlineData("past_due", "cancelled", "cancelled")]
    [InlineData("past_due", "at-end", "past_due")]
    [InlineData("suspended", "paid", "active")]
    [InlineData("suspended", "failed", "suspended")]
    [InlineData("suspended", "suspended", "suspended")]
    [InlineData("suspended", "resumed", "active")]
    [InlineData("suspended", "cancelled", "cancelled")]
    [InlineData("suspended", "at-end", "suspended")]
    [InlineData("expired", "paid", "active")]
    [InlineData("expired", "failed", "expired")]
    [InlineData("expired", "suspended", "suspended")]
    [InlineData("expired", "resumed", "active")]
    [InlineData("expired", "cancelled", "cancelled")]
    [InlineData("expired", "at-end", "expired")]
    public void Each_event_leads_from_each_state_to_one(string from, string what, string to)
    {
        var done = Assert.IsType<SubscriptionOutcome.Done>(SubscriptionMachine.Apply(In(from), Event(what), Terms, 6));
        Assert.Equal(to, done.Next.State);
        Assert.Equal(to == "suspended", done.Next.Suspension is not null);
        Assert.Equal(to == "past_due", done.Next.GraceUntil is not null);
    }

    [Theory]
    [InlineData("paid", "Refused")]
    [InlineData("resumed", "Refused")]
    [InlineData("failed", "Passed")]
    [InlineData("suspended", "Passed")]
    [InlineData("plan", "Passed")]
    [InlineData("cancelled", "Passed")]
    [InlineData("at-end", "Passed")]
    public void What_comes_after_the_end_waits_for_a_person_or_passes(string what, string outcome) =>
        Assert.Equal(outcome, SubscriptionMachine.Apply(In("cancelled"), Event(what), Terms, 6).GetType().Name);

    [Theory]
    [InlineData("failed")]
    [InlineData("suspended")]
    [InlineData("resumed")]
    [InlineData("plan")]
    [InlineData("cancelled")]
    [InlineData("at-end")]
    public void A_late_number_never_undoes_a_higher_one(string what)
    {
        foreach (var state in SubscriptionStates.All)
        {
            Assert.IsType<SubscriptionOutcome.Passed>(SubscriptionMachine.Apply(In(state), Event(what), Terms, 4));
        }
    }

    [Fact]
    public void A_late_payment_counts_as_money_and_as_nothing_else()
    {
        foreach (var state in SubscriptionStates.All)
        {
            var before = In(state);
            var done = Assert.IsType<SubscriptionOutcome.Done>(SubscriptionMachine.Apply(before, Event("paid"), Terms, 4));
            Assert.Equal(before with { PaidUntil = done.Next.PaidUntil, AnchorDay = done.Next.AnchorDay }, done.Next);
            Assert.True(done.Next.PaidUntil > (before.PaidUntil ?? Now));
        }
    }

    [Fact]
    public void A_late_plan_that_no_later_one_has_decided_still_counts()
    {
        var done = Assert.IsType<SubscriptionOutcome.Done>(SubscriptionMachine.Apply(In("active") with { PlanSequence = 2 }, new PlanChanged("pro", "yearly"), Terms, 4));
        Assert.Equal(("pro", "yearly", 4L), (done.Next.Plan, done.Next.Period, done.Next.PlanSequence));
    }

    [Fact]
    public void What_belongs_to_the_tenant_before_passes_money_too() =>
        Assert.IsType<SubscriptionOutcome.Passed>(SubscriptionMachine.Apply(In("active") with { OpenedSequence = 5 }, Event("paid"), Terms, 4));

    [Theory]
    [InlineData("active", null, 12, 61)]
    [InlineData("active", null, 44, 61)]
    [InlineData("suspended", null, 45, 76)]
    [InlineData("trial", null, 12, 50)]
    [InlineData("expired", null, 25, 55)]
    [InlineData("active", 90, 12, 90)]
    [InlineData("active", 20, 12, 30)]
    public void A_payment_goes_on_where_the_paid_time_ended_unless_the_tenant_was_closed(string state, int? end, int at, int until)
    {
        var paid = new Paid(Day(at), end is { } day ? Day(day) : null);
        var next = Assert.IsType<SubscriptionOutcome.Done>(SubscriptionMachine.Apply(In(state) with { AnchorDay = Day(30).Day }, paid, Terms, 6)).Next;
        Assert.Equal(Day(until), next.PaidUntil);
    }

    [Fact]
    public void The_anchor_survives_a_bill_that_names_the_last_of_a_short_month()
    {
        var from = In("active") with { PaidUntil = Time("2026-01-31"), AnchorDay = 31 };
        var february = Done(from, new Paid(Time("2026-01-30"), Time("2026-02-28")));
        Assert.Equal(Time("2026-03-31"), Done(february, new Paid(Time("2026-02-27")), 7).PaidUntil);
    }

    [Fact]
    public void An_operators_suspension_is_not_paid_away()
    {
        var held = Done(In("active"), new Suspended(SuspensionCauses.Operator));
        Assert.Equal(("suspended", "operator"), (held.State, held.Suspension));
        var paid = Done(held, new Paid(Now), 7);
        Assert.Equal("suspended", paid.State);
        Assert.True(paid.PaidUntil > Day(30));
        Assert.Equal("operator", Done(paid, new Suspended(SuspensionCauses.Payment), 8).Suspension);
        Assert.Equal("active", Done(paid, new Resumed(Now), 8).State);
    }

    [Fact]
    public void Resumed_withdraws_a_cancellation_and_gives_new_grace_for_what_is_unpaid()
    {
        var leaving = Done(In("active"), Event("at-end"));
        Assert.Equal(Day(30), leaving.CancelAt);
        Assert.Null(Done(leaving, Event("resumed"), 7).CancelAt);

        var unpaid = Done(In("suspended") with { PaidUntil = Day(5) }, Event("resumed"));
        Assert.Equal(("past_due", Now.AddDays(14)), (unpaid.State, unpaid.GraceUntil));
    }

    [Fact]
    public void A_payment_from_before_the_cancellation_moves_the_end_of_the_period()
    {
        var leaving = Done(In("active"), Event("at-end"), 9);
        var paid = Assert.IsType<SubscriptionOutcome.Done>(SubscriptionMachine.Apply(leaving, Event("paid"), Terms, 7)).Next;
        Assert.Equal((paid.PaidUntil, true), (paid.CancelAt, paid.PaidUntil > Day(30)));
        Assert.Equal(Day(30), Done(leaving, Event("paid"), 10).CancelAt);
    }

    [Fact]
    public void A_cancellation_at_the_end_of_a_period_that_nobody_paid_ends_with_the_running_month()
    {
        var next = Done(In("active") with { PaidUntil = null, StartedAt = Time("2026-01-31"), AnchorDay = 31 }, new Cancelled(Time("2026-03-05"), true, true));
        Assert.Equal(Time("2026-03-31"), next.CancelAt);
    }

    [Fact]
    public void Time_ends_trials_and_periods_and_grace_however_long_nobody_looked()
    {
        Assert.Equal(["trial-ended"], Names(In("trial"), Terms, Day(400)));
        Assert.Equal(["period-ended", "grace-ended"], Names(In("active"), Terms, Day(400)));
        Assert.Equal(["renewed", "period-ended", "grace-ended"], Names(In("active"), Terms with { AutoRenew = true }, Day(400)));
        Assert.Equal(["renewed"], Names(In("active"), Terms with { AutoRenew = true }, Day(30)));
        Assert.Equal(["cancellation-due"], Names(In("active") with { CancelAt = Day(30) }, Terms with { AutoRenew = true }, Day(400)));
        Assert.Equal(["grace-ended"], Names(In("past_due"), Terms, Day(15)));
        Assert.Empty(Names(In("past_due"), Terms, Day(14)));
        Assert.Empty(Names(In("active") with { PaidUntil = null }, Terms, Day(40000)));
        Assert.Equal(["period-ended", "grace-ended"], Names(In("active"), Terms with { GraceDays = 0 }, Day(30)));
    }

    [Fact]
    public void A_renewal_is_on_credit_until_it_is_paid()
    {
        var renewed = SubscriptionClock.Run(In("active") with { AnchorDay = Day(30).Day }, Terms with { AutoRenew = true }, Day(31)).Single().After;
        Assert.Equal((Day(61), Day(30)), (renewed.PaidUntil, renewed.CreditedFrom));
        var paid = Done(renewed, new Paid(Day(32)));
        Assert.Equal((Day(61), null), (paid.PaidUntil, paid.CreditedFrom));
        var left = Done(renewed, new Cancelled(Day(29), true, true));
        Assert.Equal((Day(30), Day(30)), (left.CancelAt, left.PaidUntil));
    }

    [Fact]
    public void By_hand_it_is_paid_cancelled_and_freed_of_clocks_but_not_revived()
    {
        Assert.Equal("active", Done(In("suspended"), new Edited { Now = Now, PaidUntil = new Moment(Day(50)) }).State);
        Assert.Equal("suspended", Done(In("suspended"), new Edited { Now = Now, PaidUntil = new Moment(Day(5)) }).State);
        Assert.Equal("active", Done(In("past_due"), new Edited { Now = Now, PaidUntil = new Moment(null) }).State);
        Assert.Equal("trial", Done(In("trial"), new Edited { Now = Now, PaidUntil = new Moment(null) }).State);
        Assert.Equal(Day(40), Done(In("active"), new Edited { Now = Now, CancelAt = new Moment(Day(40)) }).CancelAt);
        Assert.IsType<SubscriptionOutcome.Refused>(SubscriptionMachine.Apply(In("cancelled"), new Edited { Now = Now, Plan = "pro" }, Terms));
    }

    private static Subscription Done(Subscription from, SubscriptionEvent happened, long sequence = 6) =>
        Assert.IsType<SubscriptionOutcome.Done>(SubscriptionMachine.Apply(from, happened, Terms, happened is Edited ? null : sequence)).Next;

    private static IEnumerable<string> Names(Subscription from, SubscriptionTerms terms, DateTimeOffset now) =>
        SubscriptionClock.Run(from, terms, now).Select(s => s.Event);

    private static SubscriptionEvent Event(string what) => what switch
    {
        "paid" => new Paid(Now),
        "failed" => new PaymentFailed(Now),
        "suspended" => new Suspended(SuspensionCauses.Payment),
        "resumed" => new Resumed(Now),
        "plan" => new PlanChanged("pro"),
        "cancelled" => new Cancelled(Now, AtPeriodEnd: false, FinalBackup: true),
        _ => new Cancelled(Now, AtPeriodEnd: true, FinalBackup: true),
    };

    // Day 0 is the first of April 2026, day 30 the first of May, day 61 the first of June.
    private static DateTimeOffset Day(int day) => new DateTimeOffset(2026, 4, 1, 0, 0, 0, TimeSpan.Zero).AddDays(day);

    private static DateTimeOffset Time(string day) => DateTimeOffset.Parse($"{day}T00:00:00Z", CultureInfo.InvariantCulture);
}
