namespace Bibind.ControlPlane.Subscriptions;

/// <summary>What a customer has paid for; the tenant follows it.</summary>
public sealed record Subscription
{
    public long Id { get; init; }
    public long TenantId { get; init; }

    /// <summary>The tenant's code.</summary>
    public string Tenant { get; init; } = string.Empty;

    /// <summary>The plan that it is to have; the tenant follows by a job.</summary>
    public string Plan { get; init; } = string.Empty;

    /// <summary>One of <see cref="BillingPeriod.All"/>.</summary>
    public string Period { get; init; } = BillingPeriod.Monthly;
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>The day of the month on which periods end, in UTC; months that are too short end earlier, the next ones do not.</summary>
    public int AnchorDay { get; init; } = 1;

    /// <summary>The end of what is paid; null if no bill has said so: then no clock runs.</summary>
    public DateTimeOffset? PaidUntil { get; init; }

    /// <summary>Until when it was paid before it was renewed without a payment; null if no renewal is unpaid.</summary>
    public DateTimeOffset? CreditedFrom { get; init; }
    public DateTimeOffset? TrialUntil { get; init; }

    /// <summary>One of <see cref="SubscriptionStates"/>.</summary>
    public string State { get; init; } = SubscriptionStates.Active;

    /// <summary>Why it is suspended, one of <see cref="Contracts.SuspensionCauses"/>; null if it is not.</summary>
    public string? Suspension { get; init; }
    public DateTimeOffset? PastDueSince { get; init; }

    /// <summary>When it is suspended unless it is paid.</summary>
    public DateTimeOffset? GraceUntil { get; init; }

    /// <summary>When it ends, or ended.</summary>
    public DateTimeOffset? CancelAt { get; init; }

    /// <summary>False if the tenant is to be removed without a last backup.</summary>
    public bool FinalBackup { get; init; } = true;

    /// <summary>The number of billing's message that opened it; smaller ones are about the tenant that had the code before.</summary>
    public long OpenedSequence { get; init; }

    /// <summary>The number of the message that decided the state last.</summary>
    public long StateSequence { get; init; }

    /// <summary>The number of the message that decided the plan last.</summary>
    public long PlanSequence { get; init; }

    /// <summary>The number of the message that cancelled, or withdrew that, last.</summary>
    public long CancelSequence { get; init; }

    /// <summary>True if it ends with its period because a message said so: a payment from before that moves the end.</summary>
    public bool CancelsAtEnd { get; init; }

    /// <summary>True if opening the tenant is ours: we had it suspended, or billing has said that it is to be opened.</summary>
    public bool MayResume { get; init; }

    /// <summary>When the tenant is compared with it next; null if it was seen to be as it is to be.</summary>
    public DateTimeOffset? FollowAt { get; init; }
    public int FollowAttempts { get; init; }

    /// <summary>Why the tenant does not follow yet, in words.</summary>
    public string? FollowReason { get; init; }

    /// <summary>The job that was ordered last for the tenant to follow.</summary>
    public string? FollowJob { get; init; }

    /// <summary>Counts changes, for the entity tag.</summary>
    public int Version { get; init; } = 1;
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The customer to whom the tenant belongs; null if operators alone reach it.</summary>
    public string? Customer { get; init; }

    /// <summary>How the tenant is to be.</summary>
    public TenantWish Wish => State switch
    {
        SubscriptionStates.Cancelled => TenantWish.Removed,
        SubscriptionStates.Suspended or SubscriptionStates.Expired => TenantWish.Closed,
        _ => TenantWish.Open,
    };
}

/// <summary>How a subscription wants its tenant.</summary>
public enum TenantWish
{
    /// <summary>Serving.</summary>
    Open,

    /// <summary>Suspended, its data kept.</summary>
    Closed,

    /// <summary>Destroyed.</summary>
    Removed,
}

/// <summary>The states of a subscription.</summary>
public static class SubscriptionStates
{
    /// <summary>Free until its trial ends.</summary>
    public const string Trial = "trial";
    public const string Active = "active";

    /// <summary>A payment failed, or the paid period is over; served until the grace period ends.</summary>
    public const string PastDue = "past_due";
    public const string Suspended = "suspended";

    /// <summary>Ended for good.</summary>
    public const string Cancelled = "cancelled";

    /// <summary>Its trial ended without a payment; a payment opens it.</summary>
    public const string Expired = "expired";

    /// <summary>Every state there is.</summary>
    public static IReadOnlyList<string> All { get; } = [Trial, Active, PastDue, Suspended, Cancelled, Expired];
}

/// <summary>What the plan that a tenant was sold says about time.</summary>
/// <param name="GraceDays">Days between a failed payment and the suspension.</param>
/// <param name="AutoRenew">True if the next period begins before it is paid, for a month at most.</param>
public sealed record SubscriptionTerms(int GraceDays, bool AutoRenew);
