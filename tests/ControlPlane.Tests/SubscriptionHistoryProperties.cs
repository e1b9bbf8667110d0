using System.Globalization;
using Bibind.ControlPlane.Subscriptions;
using CsCheck;
using static Bibind.ControlPlane.Subscriptions.SubscriptionEvent;
using SuspensionCauses = Bibind.Contracts.SuspensionCauses;

namespace Bibind.ControlPlane.Tests;

/// <summary>
/// Random histories of a subscription, by the pure machine and clock: messages that come days late leave what they would have left in time.
/// <c>BILLING_HISTORIES</c> plays more than a thousand.
/// </summary>
public sealed class SubscriptionHistoryProperties
{
    private const int Days = 120;
    private static readonly int Histories = int.TryParse(Environment.GetEnvironmentVariable("BILLING_HISTORIES"), CultureInfo.InvariantCulture, out var more) ? more : 1000;
    private static readonly DateTimeOffset Start = new(2027, 12, 31, 12, 0, 0, TimeSpan.Zero);

    private static readonly Gen<SubscriptionTerms> Terms = from grace in Gen.Int[0, 14] from renews in Gen.Bool select new SubscriptionTerms(grace, renews);

    private static readonly string[] Words = ["paid", "paid", "paid", "failed", "failed", "plan", "yearly", "suspended", "held", "resumed", "at-end", "cancelled"];

    // What is said on a day, and how many days late it comes.
    private static readonly Gen<(string What, int Day, int Delay)> Saying =
        from what in Gen.Int[0, Words.Length - 1]
        from day in Gen.Int[1, Days]
        from late in Gen.Frequency((3, Gen.Const(0)), (1, Gen.Int[0, 30]))
        select (Words[what], day, late);

    private static readonly Gen<(string What, int Day, int Delay)[]> Sayings = Saying.Array[1, 10].Select(s => s.OrderBy(x => x.Day).ToArray());

    [Fact]
    public void Messages_that_come_days_late_leave_state_and_plan_of_the_ordered_history() =>
        Gen.Select(Terms, Sayings, Gen.Bool).Sample(
            (terms, sayings, hasTrial) =>
            {
                // An end that has come is not taken back by a word that comes after it: that one waits for a person.
                if (sayings.SkipWhile(s => s.What != "at-end").Any(s => s.What == "resumed"))
                {
                    return;
                }

                var ordered = Play(terms, [.. sayings.Select(s => s with { Delay = 0 })], hasTrial);
                var late = Play(terms, sayings, hasTrial);
                Assert.Equal((ordered.State, ordered.Wish, ordered.Suspension), (late.State, late.Wish, late.Suspension));
                Assert.True(ordered.State == SubscriptionStates.Cancelled || (ordered.Plan, ordered.Period) == (late.Plan, late.Period));
            },
            iter: Histories, threads: 2);

    [Fact]
    public void After_gaps_what_comes_late_undoes_nothing_that_a_higher_number_decided() =>
        Gen.Select(Sayings, Gen.Int).Sample(
            (sayings, seed) =>
            {
                var events = sayings.Where(s => s.What is not ("held" or "cancelled"))
                    .Select((s, i) => (Event: EventOf(s.What, Start.AddDays(s.Day)), Number: i + 2L)).ToArray();
                var shuffled = events.ToArray();
                new Random(seed).Shuffle(shuffled);
                var (ordered, any) = (Fold(events), Fold(shuffled));
                Assert.Equal((ordered.Plan, ordered.CancelAt is null), (any.Plan, any.CancelAt is null));

                // Whoever had the last word about the state has it in any order.
                Assert.True(events.LastOrDefault(e => e.Event is Paid or Resumed or PaymentFailed or Suspended).Event switch
                {
                    Paid => any.State == SubscriptionStates.Active,
                    Resumed => any.Wish == TenantWish.Open,
                    PaymentFailed => any.State is SubscriptionStates.PastDue or SubscriptionStates.Suspended,
                    Suspended => any.State == SubscriptionStates.Suspended,
                    _ => true,
                });
            },
            iter: Histories, threads: 2);

    private static Subscription Fold(IEnumerable<(SubscriptionEvent Event, long Number)> events) => events.Aggregate(
        Opened(hasTrial: false),
        (now, e) => SubscriptionMachine.Apply(now, e.Event, new SubscriptionTerms(14, false), e.Number) is SubscriptionOutcome.Done done ? done.Next : now);

    // One after the other in the order of their numbers, as the inbox has it: what comes late keeps those behind it waiting.
    private static Subscription Play(SubscriptionTerms terms, (string What, int Day, int Delay)[] sayings, bool hasTrial)
    {
        var now = Opened(hasTrial);
        var next = 0;
        for (var day = 0; day <= Days + 200; day++)
        {
            var moment = Start.AddDays(day);
            var arrived = sayings.Length;
            for (var i = next; i < arrived; i++)
            {
                arrived = sayings[i].Day + sayings[i].Delay > day ? i : arrived;
            }

            for (; next < arrived; next++)
            {
                if (SubscriptionMachine.Apply(now, EventOf(sayings[next].What, Start.AddDays(sayings[next].Day)), terms, next + 2) is SubscriptionOutcome.Done done)
                {
                    now = Clock(done.Next, terms, moment);
                }
            }

            now = Clock(now, terms, moment);
        }

        Assert.Equal(sayings.Length, next);
        return now;
    }

    private static Subscription Clock(Subscription now, SubscriptionTerms terms, DateTimeOffset moment) =>
        SubscriptionClock.Run(now, terms, moment) is [.., var last] ? last.After : now;

    private static Subscription Opened(bool hasTrial) => new()
    {
        Id = 1,
        StartedAt = Start,
        AnchorDay = Start.Day,
        Plan = "starter",
        State = hasTrial ? SubscriptionStates.Trial : SubscriptionStates.Active,
        TrialUntil = hasTrial ? Start.AddDays(14) : null,
        OpenedSequence = 1,
        StateSequence = 1,
        PlanSequence = 1,
        CancelSequence = 1,
    };

    private static SubscriptionEvent EventOf(string what, DateTimeOffset at) => what switch
    {
        "paid" => new Paid(at),
        "failed" => new PaymentFailed(at),
        "plan" => new PlanChanged("pro"),
        "yearly" => new PlanChanged("starter", BillingPeriod.Yearly),
        "suspended" => new Suspended(SuspensionCauses.Payment),
        "held" => new Suspended(SuspensionCauses.Operator),
        "resumed" => new Resumed(at),
        "at-end" => new Cancelled(at, AtPeriodEnd: true, FinalBackup: true),
        _ => new Cancelled(at, AtPeriodEnd: false, FinalBackup: true),
    };
}
